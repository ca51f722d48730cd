package daemon

import (
	"context"
	"fmt"
	"slices"

	"lifeboat/helper/internal/machine"
)

func (d *Daemon) keepClosings(_ context.Context, r request) (answer, error) {
	var f struct{ Closings []machine.Closing }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	return nil, d.step(machine.KeepClosings{Call: d.call(r), Closings: f.Closings})
}

// closeDatabases ends what is no unit of the move and could be written here still. What an attempt had done is taken back
// before: it would open them again later. Called with effects held.
func (d *Daemon) closeDatabases(ctx context.Context) error {
	if err := d.takeBack(ctx); err != nil {
		return err
	}
	return d.eachClosing(ctx, d.now().Closings, func(c machine.Closing) []string { return c.Close })
}

// openDatabases takes that back, the last one first.
func (d *Daemon) openDatabases(ctx context.Context) error {
	last := slices.Clone(d.now().Closings)
	slices.Reverse(last)
	return d.eachClosing(ctx, last, func(c machine.Closing) []string { return c.Open })
}

// eachClosing goes on after a failure, and tells the first.
func (d *Daemon) eachClosing(ctx context.Context, closings []machine.Closing, command func(machine.Closing) []string) error {
	var first error
	for _, closing := range closings {
		limited, cancel := context.WithTimeout(ctx, undoDeadline)
		code, _, told, err := d.command(limited, command(closing), "", d.register)
		cancel()
		if err == nil && code != 0 {
			err = fmt.Errorf("it ended with %d: %s", code, lastLine(told))
		}
		if err != nil && first == nil {
			first = fmt.Errorf("%s: %w", closing.ID, err)
		}
	}
	return first
}
