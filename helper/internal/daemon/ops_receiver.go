package daemon

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/units"
)

func (d *Daemon) promote(ctx context.Context, r request) (answer, error) {
	var f struct {
		Seal  *machine.Seal
		Fence *machine.Fence
		Units []string // what ran on the giver; absent: all services
		// Admitted is what end-copies answered before both sides were compared; absent: nothing was compared.
		Admitted *int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	ctx, done := d.attemptContext(ctx)
	defer done()
	if _, err := d.endRehearsal(ctx); err != nil {
		return nil, err
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	if err := d.recording.ensure(ctx); err != nil {
		return nil, err
	}
	// From here on no receiver is let in; those that were are ended, and only then something may start to write.
	if err := d.step(machine.Promote{Call: d.call(r), Seal: f.Seal, Fence: f.Fence}); err != nil {
		return nil, err
	}
	if err := d.endReceivers(ctx); err != nil {
		return nil, err
	}
	if more := d.admittedSince(f.Admitted); more != 0 {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("%d copies were let in after both sides were compared", more)}
	}
	d.echo.end()
	order := slices.Clone(d.now().Config.Services)
	slices.Reverse(order)
	order = slices.DeleteFunc(order, func(unit string) bool { return f.Units != nil && !slices.Contains(f.Units, unit) })
	forgiven := make(chan struct{})
	go func() { units.Forgive(ctx, order); close(forgiven) }()
	_, err := d.settle(ctx)
	<-forgiven
	if err != nil {
		return nil, err
	}
	started := []units.Start{}
	for _, unit := range order {
		one, err := units.StartForgiven(ctx, unit)
		if err != nil {
			return answer{"started": started}, err
		}
		started = append(started, one)
	}
	return answer{"started": started}, nil
}

func (d *Daemon) admittedSince(then *int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if then == nil {
		return 0
	}
	return d.admittedInAll() - *then
}

func (d *Daemon) demote(ctx context.Context, r request) (answer, error) {
	return d.makeVoid(ctx, r.Attempt, machine.MakeVoid{Call: d.call(r)})
}

// makeVoid answers only when nothing of the promotion runs any more: the other side opens on this answer.
func (d *Daemon) makeVoid(ctx context.Context, attempt int64, event machine.Event) (answer, error) {
	if err := d.step(event); err != nil {
		return answer{"value": d.now().VerdictOf(attempt)}, err
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	if _, err := d.stopClosed(ctx); err != nil {
		return nil, err
	}
	n := d.now()
	running, err := units.Running(ctx, n.Config.Units())
	if err != nil {
		return nil, err
	}
	for unit, runs := range running {
		if runs && n.Role == machine.Closed {
			return nil, fmt.Errorf("%s runs again after it was stopped", unit)
		}
	}
	if err := d.takeBack(ctx); err != nil {
		return nil, err
	}
	if _, err := d.settle(ctx); err != nil {
		return nil, err
	}
	return answer{"attempt": attempt, "value": d.now().VerdictOf(attempt)}, nil
}

// giveWay answers when nothing of this side serves any more: the other one was promoted over a fence around it.
func (d *Daemon) giveWay(ctx context.Context, attempt int64) (answer, error) {
	if err := d.step(machine.Succeeded{Attempt: attempt}); err != nil {
		return answer{"value": d.now().Role}, err
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	if _, err := d.stopClosed(ctx); err != nil {
		return nil, err
	}
	if _, err := d.settle(ctx); err != nil {
		return nil, err
	}
	if err := d.closeDatabases(ctx); err != nil {
		return nil, err
	}
	return answer{"attempt": attempt, "value": d.now().Role}, nil
}

// commit answers once it is decided. The ports open to all meanwhile: clients come by the peer until the names change,
// and that one is let in already. A release answers only when they are open.
func (d *Daemon) commit(ctx context.Context, r request) (answer, error) {
	if err := d.step(machine.Commit{Call: d.call(r)}); err != nil {
		return nil, err
	}
	go d.settleNow(ctx)
	return answer{"value": machine.Committed}, nil
}

func (d *Daemon) startSingletons(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	wanted, err := d.openUnits(r)
	if err != nil {
		return nil, err
	}
	started := []units.Start{}
	for _, unit := range wanted {
		one, err := units.StartNow(ctx, unit)
		if err != nil {
			return answer{"started": started}, err
		}
		started = append(started, one)
	}
	return answer{"started": started}, nil
}

func (d *Daemon) stopSingletons(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	wanted, err := d.openUnits(r)
	if err != nil {
		return nil, err
	}
	stopped := []units.Stop{}
	for _, unit := range wanted {
		one, err := units.StopBy(ctx, unit, time.Now().Add(5*time.Second))
		stopped = append(stopped, one)
		if err != nil {
			return answer{"stopped": stopped}, err
		}
	}
	return answer{"stopped": stopped}, nil
}

// openUnits are singletons of this side, which must be open: they run on one side at most, and only there (V13).
func (d *Daemon) openUnits(r request) ([]string, error) {
	var f struct{ Units []string }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	if n.Role != machine.Open || n.Config == nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "this side is closed: what may run only once does not run here"}
	}
	if a := n.Attempt; a != nil && a.Phase != machine.PhaseDone && a.Phase != machine.Opened {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("attempt %d is %s", a.Number, a.Phase)}
	}
	if f.Units == nil {
		return n.Config.Singletons, nil
	}
	for _, unit := range f.Units {
		if !slices.Contains(n.Config.Singletons, unit) {
			return nil, &machine.Refusal{Code: machine.Usage, Text: unit + " is none of the singletons of this move"}
		}
	}
	return f.Units, nil
}
