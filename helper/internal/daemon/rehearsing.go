package daemon

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/rehearsal"
	"lifeboat/helper/internal/units"
)

// rehearsing is the one rehearsal that may be on.
type rehearsing struct {
	changing sync.Mutex   // held by whoever begins or ends one
	endsMs   atomic.Int64 // CLOCK_BOOTTIME ms; 0: none is on
	stop     atomic.Pointer[context.CancelFunc]
	checks   atomic.Int64
}

func (r *rehearsing) stands() bool { return r.endsMs.Load() != 0 }

// found: a program that begins anew ends what an earlier one left, as that can be watched by nobody.
func (r *rehearsing) found(place rehearsal.Place) {
	if durable.Exists(place.Folder) {
		r.endsMs.Store(1)
	}
}

// guardRehearsals ends one that is on for too long, whoever began it and wherever they are.
func (d *Daemon) guardRehearsals(ctx context.Context) {
	for {
		if ends := d.rehearsal.endsMs.Load(); ends != 0 && boot.NowMs() >= ends {
			_, err := d.endRehearsal(ctx)
			d.trouble.set("rehearsal", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// endRehearsal stops what is rehearsed and takes its view and its network away; it tells what was counted until then.
// Safe to repeat: it tells nothing where none is on.
func (d *Daemon) endRehearsal(ctx context.Context) (answer, error) {
	if stop := d.rehearsal.stop.Load(); stop != nil {
		(*stop)()
	}
	d.rehearsal.changing.Lock()
	defer d.rehearsal.changing.Unlock()
	return d.endWhileChanging(ctx)
}

// endWhileChanging is called with changing held.
func (d *Daemon) endWhileChanging(ctx context.Context) (answer, error) {
	place := d.paths.Rehearsal()
	if !d.rehearsal.stands() && !durable.Exists(place.Folder) {
		return answer{}, nil
	}
	// Who asked may go; half of an end is no use.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	told := answer{"ended": d.endedAlone(ctx, place)}
	if traffic, err := rehearsal.Count(place); err == nil {
		told["packets"] = traffic
	}
	told["usedBytes"], told["mostBytes"] = rehearsal.Used(place)
	if err := units.Do(ctx, "stop", "--", place.Prefix+"*"); err != nil {
		return told, err
	}
	units.Do(ctx, "reset-failed", "--", place.Prefix+"*") // complains when none has failed
	files, _ := filepath.Glob(filepath.Join(place.Units, place.Prefix+"*"))
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			return told, err
		}
	}
	if len(files) > 0 {
		if err := units.Reload(ctx); err != nil {
			return told, err
		}
	}
	if err := rehearsal.Close(place); err != nil {
		return told, err
	}
	d.rehearsal.endsMs.Store(0)
	d.journal.Note("rehearsal-ended", told)
	return told, nil
}

// endedAlone names the services that were started and do not run any more, by their own names.
func (d *Daemon) endedAlone(ctx context.Context, place rehearsal.Place) []string {
	gone := []string{}
	if n := d.now(); n.Config != nil {
		for _, unit := range n.Config.Services {
			if !durable.Exists(filepath.Join(place.Units, place.UnitName(unit))) {
				continue
			}
			shown, err := units.Show(ctx, place.UnitName(unit), []string{"ActiveState", "Type", "Result"})
			// One that does its work and ends has nothing to run for.
			if err == nil && shown["ActiveState"] != "active" && (shown["Type"] != "oneshot" || shown["Result"] != "success") {
				gone = append(gone, unit)
			}
		}
	}
	return gone
}
