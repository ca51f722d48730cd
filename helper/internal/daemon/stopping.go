package daemon

import (
	"context"
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
// come to its end within the grace.
func stopAll(ctx context.Context, c *machine.Config, grace time.Duration) ([]units.Stop, error) {
	stopped := []units.Stop{}
	until := time.Now().Add(grace)
	stop := func(unit string, by time.Time) error {
		done, err := units.StopBy(ctx, unit, by)
		stopped = append(stopped, done)
		return err
	}
	// Timers before everything else: nothing new begins.
	isTimer := func(unit string) bool { return filepath.Ext(unit) == ".timer" }
	for _, unit := range c.Singletons {
		if isTimer(unit) {
			if err := stop(unit, until); err != nil {
				return stopped, err
			}
		}
	}
	jobs, err := units.Triggered(ctx, c.Singletons)
	if err != nil {
		return stopped, err
	}
	for _, job := range jobs {
		if slices.Contains(c.Singletons, job) || slices.Contains(c.Services, job) {
			continue
		}
		if rests, err := units.Await(ctx, job, until); err != nil {
			return stopped, err
		} else if !rests {
			if err := stop(job, time.Now().Add(least)); err != nil {
				return stopped, err
			}
		}
	}
	for _, unit := range c.Units() {
		if slices.Contains(c.Singletons, unit) && isTimer(unit) {
			continue
		}
		by := until
		if soonest := time.Now().Add(least); by.Before(soonest) {
			by = soonest
		}
		if err := stop(unit, by); err != nil {
			return stopped, err
		}
	}
	return stopped, nil
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
