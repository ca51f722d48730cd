package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/units"
	"lifeboat/helper/internal/writers"
)

// least is what each service gets to stop in order, however long those before it took.
const least = time.Second

// stopAll stops singletons first and then services in order. Timers stop triggering at once; what they had started may
// come to its end within the grace. The marks that forbid units to start stand already: what rests now stays at rest.
func stopAll(ctx context.Context, c *machine.Config, grace time.Duration) ([]units.Stop, error) {
	stopped := []units.Stop{}
	until := time.Now().Add(grace)
	stop := func(unit string) error {
		by := until
		if soonest := time.Now().Add(least); by.Before(soonest) {
			by = soonest
		}
		done, err := units.StopBy(ctx, unit, by)
		stopped = append(stopped, done)
		return err
	}
	states, err := units.States(ctx, c.Units())
	if err != nil {
		return stopped, err
	}
	jobs := []string{}
	rest := []units.State{}
	// Timers before everything else: nothing new begins.
	for i, state := range states {
		if i >= len(c.Singletons) || filepath.Ext(state.Unit) != ".timer" {
			rest = append(rest, state)
			continue
		}
		jobs = append(jobs, state.Triggers...)
		if err := stop(state.Unit); err != nil {
			return stopped, err
		}
	}
	for _, job := range jobs {
		if slices.Contains(c.Singletons, job) || slices.Contains(c.Services, job) {
			continue
		}
		if rests, err := units.Await(ctx, job, until); err != nil {
			return stopped, err
		} else if !rests {
			if err := stop(job); err != nil {
				return stopped, err
			}
		}
	}
	for _, state := range rest {
		if !state.Runs() {
			stopped = append(stopped, units.Stop{Unit: state.Unit})
		} else if err := stop(state.Unit); err != nil {
			return stopped, err
		}
	}
	return stopped, stillUp(ctx, stopped)
}

// stillUp reads back what was stopped. Of what was killed its processes were looked for, as systemd may not know yet.
func stillUp(ctx context.Context, stopped []units.Stop) error {
	names := []string{}
	for _, one := range stopped {
		if !one.Killed {
			names = append(names, one.Unit)
		}
	}
	states, err := units.States(ctx, names)
	if err != nil {
		return err
	}
	for _, state := range states {
		if state.Runs() {
			return fmt.Errorf("%s runs still after it was stopped", state.Unit)
		}
	}
	return nil
}

// startRecorded starts what ran, newest stop first, and goes on after a failure: what can serve shall serve.
func (d *Daemon) startRecorded(ctx context.Context, running map[string]bool) ([]units.Start, error) {
	started := []units.Start{}
	var first error
	order := d.now().Config.Units()
	slices.Reverse(order)
	for _, unit := range order {
		if !running[unit] {
			continue
		}
		done, err := units.StartNow(ctx, unit)
		if err == nil {
			started = append(started, done)
		} else if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			return started, ctx.Err()
		}
	}
	if len(started) > 0 {
		awaitListeners(ctx, d.now().Config.PortsOf("tcp"))
	}
	return started, first
}

// stopClosed makes sure that nothing runs on a side that is closed and not up for checks. Called with effects held.
func (d *Daemon) stopClosed(ctx context.Context) ([]units.Stop, error) {
	n := d.now()
	if n.Config == nil || n.Role != machine.Closed || n.Phase() == machine.PhasePromoted {
		return nil, nil
	}
	return stopAll(ctx, n.Config, 5*time.Second)
}

// findWriters looks into every root, but not at what is excluded from the move.
func (d *Daemon) findWriters() ([]writers.Writer, error) {
	c := d.now().Config
	roots := []string{}
	for _, root := range c.Roots {
		roots = append(roots, root.Path)
	}
	return writers.Find(roots, func(root, relative string) bool { return excluded(c, root, relative) })
}
