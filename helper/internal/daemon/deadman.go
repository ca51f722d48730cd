package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
)

// watch is the dead man: it looks each 100 ms whether an attempt's time is over, undoes alone what nobody undoes, and
// keeps the rules as they are wanted.
func (d *Daemon) watch(ctx context.Context) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	undone, told := make(chan struct{}, 1), make(chan struct{}, 1)
	busy, telling := false, false
	var rest time.Time
	for count := 0; ; count++ {
		lost := (<-chan struct{})(nil)
		if d.rules != nil {
			lost = d.rules.Lost()
		}
		select {
		case <-ctx.Done():
			return
		case <-undone:
			busy, rest = false, time.Now().Add(time.Second)
			continue
		case <-told:
			telling = false
			continue
		case <-lost:
			d.settleNow(ctx)
			continue
		case <-ticks.C:
		}
		over := d.look(ctx)
		if over && !busy && time.Now().After(rest) {
			busy = true
			go func() { d.undo(ctx); undone <- struct{}{} }()
		}
		if n := d.now(); count%20 == 0 && !telling && (n.Overruling != 0 || n.Succeeding != 0) {
			telling = true
			go func() { d.tellPeer(ctx); told <- struct{}{} }()
		}
		if count%20 == 0 {
			d.trouble.set("ways", d.settleWays(ctx))
		}
		if count%5 == 0 {
			d.watchNetwork(ctx)
			d.mend(ctx, count%50 == 0)
		}
	}
}

// look says whether an attempt is over and something of it is left.
func (d *Daemon) look(ctx context.Context) bool {
	d.mu.Lock()
	before := d.node
	d.expireIfDue()
	after := d.node
	held := d.clock.HeldMs
	d.mu.Unlock()
	a := after.Attempt
	if a != nil && a.Over && a.Phase == machine.Sealed && a.Holding && !a.Refusing && held > 0 && boot.NowMs()-held > a.HoldLimitMs {
		d.record(machine.HoldLimit{})
		go d.settleNow(ctx)
	}
	if machine.Wanted(before) != machine.Wanted(after) {
		go d.settleNow(ctx)
	}
	return a != nil && a.Over || len(after.Due()) > 0
}

// mend makes rules again that somebody else removed; thoroughly: those in the node's own firewall too.
func (d *Daemon) mend(ctx context.Context, thoroughly bool) {
	if d.rules == nil || !d.effects.TryLock() {
		return // an effect is on its way, it leaves the rules right
	}
	defer d.effects.Unlock()
	d.noteTraffic(ctx)
	if thoroughly && d.plan.Peer.IsValid() {
		d.openFirewalls(ctx, d.plan, len(d.plan.Catch) > 0 || d.plan.Forward)
	}
	if d.rules.Intact(ctx) {
		return
	}
	d.journal.Note("rules-mended", nil)
	_, err := d.settle(ctx)
	d.trouble.set("rules", err)
}

// undo takes back what an attempt did that is over; what fails is tried again a second later. A sealed giver opens only
// when the other side has made the attempt void.
func (d *Daemon) undo(ctx context.Context) {
	n := d.now()
	a := n.Attempt
	if a == nil || !a.Over {
		d.effects.Lock()
		defer d.effects.Unlock()
		d.trouble.set("undo", d.takeBack(ctx))
		return
	}
	if a.Part == machine.Receiver && a.Holding && !d.giverServes(ctx, n) {
		return
	}
	if a.Phase == machine.Sealed {
		err := d.askPeer(ctx, n, a.Number)
		d.trouble.set("sealed", err)
		if err != nil {
			return
		}
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	d.trouble.set("undo", d.undoEffects(ctx))
}

// undoEffects is called with effects held.
func (d *Daemon) undoEffects(ctx context.Context) error {
	a := d.now().Attempt
	if a == nil || !a.Over || a.Phase == machine.Sealed {
		return nil
	}
	var thaw, left error
	if a.Part == machine.Receiver && a.Holding {
		if err := d.record(machine.Unhold{Alone: true}); err != nil {
			return err
		}
	}
	if a.Part == machine.Giver && a.Phase != machine.PhaseDone {
		if a.Freeze != machine.NotStopped {
			if err := d.record(machine.ThawBegun{Alone: true}); err != nil {
				return err
			}
			// Databases open before what uses them starts.
			left = d.takeBack(ctx)
			// Clients of what did start must not wait for what did not.
			if _, thaw = d.startRecorded(ctx, a.Running); thaw == nil {
				if err := d.record(machine.Thawed{Alone: true}); err != nil {
					return err
				}
			}
		}
		if err := d.record(machine.Unhold{Alone: true}); err != nil {
			return err
		}
	}
	if _, err := d.settle(ctx); err != nil {
		return err
	}
	if left == nil {
		left = d.takeBack(ctx)
	}
	if left != nil {
		return left
	}
	if thaw != nil {
		return fmt.Errorf("not everything started again: %w", thaw)
	}
	if err := d.record(machine.Close{Alone: true}); err != nil {
		var refusal *machine.Refusal
		if a.Part == machine.Receiver && errors.As(err, &refusal) {
			return nil // promoted: its peer or a controller decides
		}
		return err
	}
	d.disarm(ctx)
	return nil
}

// tellPeer tells the other side what it has not heard yet: it was off, or cut off, when that was decided.
func (d *Daemon) tellPeer(ctx context.Context) {
	if d.now().Overruling != 0 {
		d.overrule(ctx)
	}
	if d.now().Succeeding != 0 {
		d.succeed(ctx)
	}
}

// succeed tells the side that was fenced that this one serves now, as often as it takes: it may come back open.
func (d *Daemon) succeed(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // its services stop before it answers
	defer cancel()
	n := d.now()
	answer, err := d.peer.Ask(ctx, n.Config.Peer, fmt.Sprintf("succeed %d", n.Succeeding))
	if err == nil && answer["value"] != string(machine.Closed) {
		err = fmt.Errorf("the peer's answer %v is none that was expected", answer["value"])
	}
	if err != nil {
		err = fmt.Errorf("the side that was fenced has not heard yet that this one serves: %w", err)
	} else {
		err = d.record(machine.Known{Attempt: n.Succeeding})
	}
	d.trouble.set("succeeding", err)
}

// overrule tells the other side that its attempt is void, whatever it decided: this one was opened because the other was
// off. It may have come back in the belief that it serves.
func (d *Daemon) overrule(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // its services stop before it answers
	defer cancel()
	n := d.now()
	answer, err := d.peer.Ask(ctx, n.Config.Peer, fmt.Sprintf("overrule %d", n.Overruling))
	if err == nil && answer["value"] != string(machine.Void) && answer["value"] != string(machine.Overruled) {
		err = fmt.Errorf("the peer's answer %v is none that was expected", answer["value"])
	}
	if err != nil {
		err = fmt.Errorf("the other side has not heard yet that attempt %d is void: %w", n.Overruling, err)
	} else {
		err = d.record(machine.Heard{Attempt: n.Overruling})
	}
	d.trouble.set("overruling", err)
}

// askPeer asks a sealed giver's question: whose is this attempt? Asking makes it void unless it is committed, and the
// answer void comes only when the services of the other side are down.
func (d *Daemon) askPeer(ctx context.Context, n machine.Node, attempt int64) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := d.peer.Ask(ctx, n.Config.Peer, fmt.Sprintf("void %d", attempt))
	switch {
	case answer != nil && answer["value"] == string(machine.Committed):
		return d.record(machine.Release{Alone: true, Committed: true})
	case err != nil:
		return err
	case answer["value"] != string(machine.Void):
		return fmt.Errorf("the peer's answer %v is none that was expected", answer["value"])
	}
	return d.record(machine.Unseal{Alone: true, Reason: machine.ByVoid, Voided: true})
}
