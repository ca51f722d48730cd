package daemon

import (
	"encoding/json"
	"os"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
)

// deadlines are moments of CLOCK_BOOTTIME. They live in /run: they mean nothing to another boot.
type deadlines struct {
	Attempt  int64  `json:"attempt"`
	BootID   string `json:"bootId"`
	LeaseMs  int64  `json:"leaseEndsMs"`
	BudgetMs int64  `json:"budgetEndsMs"`
	HeldMs   int64  `json:"heldSinceMs"` // 0: nobody is held
}

// loadDeadlines answers none for a file that is missing or of another boot: the time is over then.
func loadDeadlines(path, bootID string) deadlines {
	var d deadlines
	content, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(content, &d) != nil || d.BootID != bootID {
		return deadlines{}
	}
	return d
}

// saveDeadlines is called with mu held. The file is replaced whole; the timer's program may read it at any moment.
func (d *Daemon) saveDeadlines() error {
	content, err := json.Marshal(d.clock)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.paths.DeadMan()+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(d.paths.DeadMan()+".new", d.paths.DeadMan())
}

// arm grants an attempt its time. The budget is granted once.
func (d *Daemon) arm(a *machine.Attempt) error {
	now := boot.NowMs()
	if d.clock.Attempt != a.Number || d.clock.BootID != d.bootID {
		d.clock = deadlines{Attempt: a.Number, BootID: d.bootID, BudgetMs: now + a.BudgetMs}
	}
	d.clock.LeaseMs = now + a.LeaseMs
	return d.saveDeadlines()
}

func (d *Daemon) leaseLeft() int64  { return max(0, d.clock.LeaseMs-boot.NowMs()) }
func (d *Daemon) budgetLeft() int64 { return max(0, d.clock.BudgetMs-boot.NowMs()) }

// expireIfDue ends the attempt whose time is over. Called with mu held; a disk that cannot be written is tried again.
func (d *Daemon) expireIfDue() error {
	a := d.node.Attempt
	if a == nil || a.Over {
		return nil
	}
	why := ""
	switch {
	case a.BootID != d.bootID:
		why = "this machine was started anew"
	case d.clock.Attempt != a.Number || d.leaseLeft() == 0:
		why = "the lease ran out"
	case a.Part == machine.Giver && a.Phase != machine.PhaseDone && d.budgetLeft() == 0:
		why = "the budget is used up"
	default:
		return nil
	}
	err := d.decide(machine.Expire{Why: why})
	d.trouble.set("expire", err)
	return err
}
