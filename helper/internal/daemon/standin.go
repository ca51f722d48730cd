package daemon

import (
	"context"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"
)

// StandIn is what the timer runs every 2 s while an attempt is open: the dead man's work when the daemon is gone. It
// holds nobody, so a hold ends with the daemon's table; what was frozen or sealed is looked after.
func StandIn(p paths.Paths, version string) error {
	lock, err := lockAlone(p)
	if err != nil {
		return nil // the daemon is there and does this itself
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 80*time.Second)
	defer cancel()
	d, err := New(ctx, p, version, "")
	if err != nil {
		return err
	}
	d.lonely = true
	if err := d.record(machine.Booted{BootID: d.bootID}); err != nil {
		return err
	}
	d.look(ctx)
	if _, err := d.settleNow(ctx); err != nil {
		return err
	}
	d.undo(ctx)
	return nil
}
