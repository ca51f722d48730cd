package daemon

import (
	"context"
	"fmt"
	"sort"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/units"
)

func (d *Daemon) openAttempt(ctx context.Context, r request) (answer, error) {
	var f struct {
		Part                                        machine.Part
		LeaseMs, BudgetMs, HoldLimitMs, LastAttempt int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	// What runs is asked before the lock is taken: it takes a while. A repeat throws it away.
	running, err := units.Running(ctx, d.now().Config.Units())
	if err != nil {
		return nil, err
	}
	if err := d.armTimer(ctx); err != nil {
		return nil, err
	}
	event := machine.OpenAttempt{Call: d.call(r), Part: f.Part, Running: running, LeaseMs: f.LeaseMs, BudgetMs: f.BudgetMs, HoldLimitMs: f.HoldLimitMs, LastAttempt: f.LastAttempt}
	told, err := d.grant(event)
	if err != nil {
		return nil, err
	}
	go d.warmPeer(*d.now().Config)
	d.makeReady(ctx)
	return told, nil
}

// grant arms an attempt and opens it.
func (d *Daemon) grant(event machine.OpenAttempt) (answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.expireIfDue(); err != nil {
		return nil, err
	}
	next, refusal := machine.Step(d.node, event)
	if refusal != nil {
		return nil, refusal
	}
	// Armed before the attempt exists: a crash in between leaves a deadline without an attempt, never the reverse.
	if err := d.arm(next.Attempt); err != nil {
		return nil, err
	}
	if err := d.decide(event); err != nil {
		return nil, err
	}
	return answer{"running": d.node.Attempt.Running, "bootId": d.bootID, "leaseLeftMs": d.leaseLeft(), "budgetLeftMs": d.budgetLeft()}, nil
}

// makeReady does what a hold and a release will need while nobody waits yet: a holder that listens, and its ways and
// those to the peer through the node's own firewall. What fails here fails there again, and is told then.
func (d *Daemon) makeReady(ctx context.Context) {
	d.effects.Lock()
	defer d.effects.Unlock()
	n := d.now()
	if d.rules == nil || n.Attempt == nil || n.Attempt.Phase != machine.Opened {
		return
	}
	if n.Attempt.Part != machine.Giver && n.Forwarding != machine.ForwardOn {
		return // nobody is held here
	}
	if _, err := d.holder.Listen(n.Config.PortsOf("tcp")); err != nil {
		return
	}
	if plan, err := planOf(d.paths.Table(), n, machine.Wanted(n), settled{}); err == nil {
		d.openFirewalls(ctx, plan, false)
	}
}

// warmPeer opens the connection that the dead man may need, while there is time.
func (d *Daemon) warmPeer(c machine.Config) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := d.peer.Ask(ctx, c.Peer, "hello"); err != nil {
		d.journal.Note("peer-unreachable", map[string]any{"text": err.Error()})
	}
}

func (d *Daemon) renew(_ context.Context, r request) (answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.expireIfDue(); err != nil {
		return nil, err
	}
	if _, refusal := machine.Step(d.node, machine.Renew{Call: d.call(r)}); refusal != nil {
		return nil, refusal
	}
	if err := d.arm(d.node.Attempt); err != nil {
		return nil, err
	}
	return answer{"leaseLeftMs": d.leaseLeft(), "budgetLeftMs": d.budgetLeft()}, nil
}

func (d *Daemon) hold(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	call := d.call(r)
	if err := d.step(machine.HoldBegun{Call: call}); err != nil {
		return nil, err
	}
	done, err := d.settle(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.step(machine.Hold{Call: call}); err != nil {
		return nil, err
	}
	listening := []answer{}
	for port, at := range done.listening {
		listening = append(listening, answer{"port": port, "at": at})
	}
	sort.Slice(listening, func(i, j int) bool { return listening[i]["port"].(int) < listening[j]["port"].(int) })
	return answer{"hash": done.hash, "listening": listening}, nil
}

func (d *Daemon) holderCounts(context.Context, request) (answer, error) {
	c := d.holder.Counts()
	return answer{"accepted": c.Accepted, "held": c.Held, "spliced": c.Spliced, "expired": c.Expired, "perPort": c.PerPort, "outside": c.Outside, "since": c.SinceMs}, nil
}

func (d *Daemon) freeze(ctx context.Context, r request) (answer, error) {
	var f struct{ GraceMs int64 }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if f.GraceMs < 0 || f.GraceMs > 10*60*1000 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("a grace of %d ms is none", f.GraceMs)}
	}
	ctx, done := d.attemptContext(ctx)
	defer done()
	d.effects.Lock()
	defer d.effects.Unlock()
	call := d.call(r)
	if err := d.step(machine.FreezeBegun{Call: call}); err != nil {
		return nil, err
	}
	stopped := []units.Stop{}
	if d.now().Phase() == machine.Held {
		var err error
		if stopped, err = stopAll(ctx, d.now().Config, time.Duration(f.GraceMs)*time.Millisecond); err != nil {
			return answer{"stopped": stopped}, err
		}
	}
	found, err := d.findWriters()
	told := answer{"stopped": stopped, "writers": found}
	if err != nil {
		return told, err
	}
	if len(found) > 0 {
		w := found[0]
		return told, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("%d still write; %s (pid %d) has %s %s", len(found), w.Command, w.PID, w.Path, w.How)}
	}
	return told, d.step(machine.FreezeDone{Call: call})
}

// silence drains the recorder and looks for writers. Called with effects held.
func (d *Daemon) silence(ctx context.Context, sequence int64) (quiet bool, told answer, err error) {
	now, complete, err := d.recording.drain(ctx)
	if err != nil {
		return false, nil, err
	}
	found, err := d.findWriters()
	if err != nil {
		return false, nil, err
	}
	why := ""
	switch {
	case !complete:
		why = "the recorder may have missed names"
	case len(found) > 0:
		why = fmt.Sprintf("%s (pid %d) has %s %s", found[0].Command, found[0].PID, found[0].Path, found[0].How)
	case now != sequence:
		why = fmt.Sprintf("changes came after the final pass (%d), the first: %s", now-sequence, d.recording.first(sequence))
	}
	return why == "", answer{"quiet": why == "", "why": why, "sequence": now, "writers": found, "complete": complete}, nil
}

func (d *Daemon) quiet(ctx context.Context, r request) (answer, error) {
	var f struct{ Sequence int64 }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if err := d.step(machine.Renewable(d.call(r), machine.Frozen, machine.Sealed)); err != nil {
		return nil, err
	}
	_, told, err := d.silence(ctx, f.Sequence)
	return told, err
}

func (d *Daemon) seal(ctx context.Context, r request) (answer, error) {
	var f struct{ Sequence, NeedMs int64 }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	told, quiet, loud := answer{}, true, ""
	if d.now().Phase() == machine.Frozen {
		var err error
		if quiet, told, err = d.silence(ctx, f.Sequence); err != nil {
			return told, err
		}
		loud, _ = told["why"].(string)
	}
	err := d.stepWith(func(machine.Node) machine.Event {
		return machine.SealIt{Call: d.call(r), Quiet: quiet, Loud: loud, Sequence: f.Sequence, NeedMs: f.NeedMs, BudgetLeftMs: d.budgetLeft(), NowMs: boot.NowMs()}
	})
	if err != nil {
		return told, err
	}
	return answer{"seal": d.now().Attempt.Seal}, nil
}

func (d *Daemon) closeAttempt(ctx context.Context, r request) (answer, error) {
	if err := d.step(machine.Close{Call: d.call(r)}); err != nil {
		return nil, err
	}
	d.disarm(ctx)
	return nil, nil
}

// disarm ends the timer that stands in for the daemon, and the warm connection to the peer.
func (d *Daemon) disarm(ctx context.Context) {
	n := d.now()
	if n.Attempt != nil {
		return
	}
	d.trouble.set("deadman timer", units.Do(ctx, "stop", "--no-block", d.paths.DeadManTimer()))
	if n.Config != nil {
		d.peer.Cool(ctx, n.Config.Peer)
	}
}

func (d *Daemon) armTimer(ctx context.Context) error {
	return units.Do(ctx, "start", d.paths.DeadManTimer())
}
