package daemon

import (
	"context"
	"fmt"
	"maps"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/roots"
)

// recordStart begins an epoch, or tells of the one that runs without a gap. What lies where a volume was is not watched:
// what is wrong then is the volume, not the file system below it.
func (d *Daemon) recordStart(ctx context.Context, q request) (answer, error) {
	if _, err := d.checkRoots(ctx, q); err != nil {
		return nil, err
	}
	r := d.recording
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder == nil || r.why(r.recorder.Status()) != "" {
		if err := r.begin(); err != nil {
			return nil, err
		}
	}
	s := r.recorder.Status()
	return answer{"epoch": s.Epoch, "sequence": s.Sequence}, nil
}

func (d *Daemon) recordStatus(context.Context, request) (answer, error) {
	told := d.recording.status()
	told["bootId"], told["admitted"] = d.bootID, d.admittedByRoot()
	return told, nil
}

func (d *Daemon) admittedByRoot() map[string]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.admitted)
}

func (d *Daemon) recordDrain(ctx context.Context, _ request) (answer, error) {
	sequence, complete, err := d.recording.drain(ctx)
	return answer{"sequence": sequence, "complete": complete}, err
}

func (d *Daemon) recordNames(_ context.Context, r request) (answer, error) {
	var f struct {
		After int64
		Epoch string
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	d.recording.mu.Lock()
	recorder := d.recording.recorder
	d.recording.mu.Unlock()
	if recorder == nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "no recorder runs on this node"}
	}
	lists, status, err := recorder.Names(f.After)
	if err != nil {
		return nil, fmt.Errorf("the names cannot be listed: %w", err)
	}
	d.recording.mu.Lock()
	why := d.recording.why(status)
	d.recording.mu.Unlock()
	if f.Epoch != status.Epoch && why == "" {
		why = fmt.Sprintf("epoch %s is over, this is %s", f.Epoch, status.Epoch)
	}
	return answer{"complete": why == "", "why": why, "epoch": status.Epoch, "sequence": status.Sequence, "lists": lists, "admitted": d.admittedByRoot()}, nil
}

func (d *Daemon) recordStop(context.Context, request) (answer, error) {
	return nil, d.recording.stop()
}

// checkRoots refuses when a root is no longer the folder that was configured: a pass from or to an unmounted volume
// would carry over deletions that nobody made.
func (d *Daemon) checkRoots(_ context.Context, _ request) (answer, error) {
	n := d.now()
	for path, was := range n.Roots {
		if err := roots.Same(path, was); err != nil {
			return nil, &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
		}
	}
	return answer{"roots": len(n.Roots)}, nil
}

// flushRoots answers once all that was written to the roots would survive a loss of power: a copy that is only in memory
// looks complete, by size and time, after it was lost.
func (d *Daemon) flushRoots(_ context.Context, _ request) (answer, error) {
	for path := range d.now().Roots {
		if err := roots.Flush(path); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
