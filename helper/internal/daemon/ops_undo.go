package daemon

import (
	"context"
	"fmt"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/units"
)

func (d *Daemon) unhold(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	if err := d.step(machine.Unhold{Call: d.call(r)}); err != nil {
		return nil, err
	}
	done, err := d.settle(ctx)
	return answer{"released": done.released, "failed": done.failed}, err
}

func (d *Daemon) thaw(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	call := d.call(r)
	if err := d.step(machine.ThawBegun{Call: call}); err != nil {
		return nil, err
	}
	started := []units.Start{}
	if a := d.now().Attempt; a != nil && a.Freeze == machine.Starting {
		err := d.takeBack(ctx)
		if err != nil {
			return nil, err // the dead man goes on when nobody asks again
		}
		if started, err = d.startRecorded(ctx, a.Running); err != nil {
			return answer{"started": started}, err
		}
	}
	return answer{"started": started}, d.step(machine.Thawed{Call: call})
}

func (d *Daemon) unseal(ctx context.Context, r request) (answer, error) {
	var f struct{ Reason machine.UnsealReason }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	voided := false
	if f.Reason == machine.ByVoid && n.Phase() == machine.Sealed && n.Attempt.Number == r.Attempt {
		ctx, cancel := context.WithTimeout(ctx, 12*time.Second)
		defer cancel()
		answered, err := d.peer.Ask(ctx, n.Config.Peer, fmt.Sprintf("void %d", r.Attempt))
		if answered != nil && answered["value"] == string(machine.Committed) {
			return answer{"value": machine.Committed}, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("attempt %d is committed on the other side", r.Attempt)}
		}
		if err != nil {
			return nil, err
		}
		voided = answered["value"] == string(machine.Void)
	}
	if err := d.step(machine.Unseal{Call: d.call(r), Reason: f.Reason, Voided: voided}); err != nil {
		return nil, err
	}
	_, err := d.settleNow(ctx)
	return nil, err
}

// release sends held clients to where they belong after the commit.
func (d *Daemon) release(ctx context.Context, r request) (answer, error) {
	var f struct{ Committed bool }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	if a := n.Attempt; a != nil && a.Number == r.Attempt && a.Part == machine.Giver && a.Phase == machine.Sealed && !f.Committed {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		answered, err := d.peer.Ask(ctx, n.Config.Peer, fmt.Sprintf("verdict %d", r.Attempt))
		if err != nil {
			return nil, err
		}
		f.Committed = answered["value"] == string(machine.Committed)
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	if err := d.step(machine.Release{Call: d.call(r), Committed: f.Committed}); err != nil {
		return nil, err
	}
	done, err := d.settle(ctx)
	d.trouble.set("undo", d.takeBack(ctx)) // what always ends, like a pause of clients; tried again
	return answer{"hash": done.hash, "released": done.released, "failed": done.failed}, err
}
