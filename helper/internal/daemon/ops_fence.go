package daemon

import (
	"context"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/units"
)

// fence shuts the ports first: a service may take its time to stop.
func (d *Daemon) fence(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	n := d.now()
	running := map[string]bool{}
	if n.Config != nil && n.Role == machine.Open {
		states, err := units.States(ctx, n.Config.Units())
		if err != nil {
			return nil, err
		}
		for _, state := range states {
			running[state.Unit] = state.Runs()
		}
	}
	if err := d.step(machine.FenceOff{Call: d.call(r), Running: running}); err != nil {
		return nil, err
	}
	if _, err := d.settle(ctx); err != nil {
		return nil, err
	}
	stopped, err := d.stopClosed(ctx)
	if err != nil {
		return answer{"stopped": stopped}, err
	}
	return answer{"stopped": stopped}, d.closeDatabases(ctx)
}

// unfence starts what ran when the side was fenced.
func (d *Daemon) unfence(ctx context.Context, r request) (answer, error) {
	var f struct{ Overrule int64 }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	running := d.now().FencedOff
	if err := d.step(machine.Unfence{Call: d.call(r), Overrule: f.Overrule}); err != nil {
		return nil, err
	}
	if _, err := d.settle(ctx); err != nil {
		return nil, err
	}
	if running == nil {
		return answer{"started": []units.Start{}}, nil
	}
	if err := d.openDatabases(ctx); err != nil {
		return nil, err
	}
	started, err := d.startRecorded(ctx, running)
	return answer{"started": started}, err
}

// fenceStatus reads the units themselves: a mark on disk says what is wanted.
func (d *Daemon) fenceStatus(ctx context.Context, _ request) (answer, error) {
	n := d.now()
	running := []string{}
	if n.Config != nil {
		states, err := units.States(ctx, n.Config.Units())
		if err != nil {
			return nil, err
		}
		for _, state := range states {
			if state.Runs() {
				running = append(running, state.Unit)
			}
		}
	}
	return answer{"fenced": n.FencedOff != nil, "running": running}, nil
}
