package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/record"
)

// recording is the recorder of this node, which goes on by itself after a boot or a crash, with a gap.
type recording struct {
	d        *Daemon
	mu       sync.Mutex
	recorder *record.Recorder
	resumed  string // why this epoch was begun by nobody's wish: a gap
	copiers  *copiers
}

func newRecording(d *Daemon) *recording { return &recording{d: d, copiers: newCopiers(d.paths)} }

func (r *recording) wanted() string { return filepath.Join(r.d.paths.Record(), "wanted") }

func (r *recording) status() answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder == nil {
		return answer{"running": false, "epoch": "", "sequence": 0, "gap": true, "why": "no recorder runs"}
	}
	s := r.recorder.Status()
	why := r.why(s)
	return answer{"running": s.Running, "epoch": s.Epoch, "sequence": s.Sequence, "gap": why != "", "why": why}
}

func (r *recording) why(s record.Status) string {
	switch {
	case !s.Running:
		return "the recorder ended"
	case s.Gap != "":
		return s.Gap
	}
	return r.resumed
}

// begin starts a new epoch. Called with mu held.
func (r *recording) begin() error {
	if r.recorder != nil {
		r.recorder.Stop()
		r.recorder = nil
	}
	n := r.d.now()
	if n.Config == nil {
		return &machine.Refusal{Code: machine.GateClosed, Text: "this node is not configured yet"}
	}
	roots := []record.Root{}
	for _, root := range n.Config.Roots {
		roots = append(roots, record.Root{Path: root.Path, Exclude: func(relative string) bool { return excludedBy(root.Exclude, relative) }})
	}
	epoch := fmt.Sprintf("%s-%d", r.d.bootID[len(r.d.bootID)-8:], boot.NowMs())
	recorder, err := record.Start(r.d.paths.Record(), epoch, roots, r.copiers.wrote)
	r.d.trouble.set("recorder", err)
	if err != nil {
		return &machine.Refusal{Code: machine.NodeToolAbsent, Text: err.Error()}
	}
	r.recorder, r.resumed = recorder, ""
	return durable.Mark(r.wanted(), true)
}

// resume goes on where a recorder was wanted. What happened meanwhile is unknown.
func (r *recording) resume(context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !durable.Exists(r.wanted()) || r.d.now().Config == nil {
		return
	}
	err := r.begin()
	r.resumed = "the helper or this machine was started anew"
	r.d.trouble.set("recorder", err)
}

// ensure has a recorder run, with whatever gap: before a side opens, its changes must begin to be known.
func (r *recording) ensure(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.d.now().Config
	if r.recorder != nil && r.recorder.Status().Running || c == nil || len(c.Roots) == 0 {
		return nil
	}
	err := r.begin()
	r.resumed = "no recorder ran before the promotion"
	r.d.trouble.set("recorder", err)
	return nil // without a recorder the way back needs a full pass: no reason not to serve
}

// drain answers the sequence number when all that happened before is known, and whether nothing was missed. A move
// without roots has nothing to drain.
func (r *recording) drain(ctx context.Context) (int64, bool, error) {
	c := r.d.now().Config
	r.mu.Lock()
	recorder := r.recorder
	r.mu.Unlock()
	if recorder == nil {
		if c == nil || len(c.Roots) == 0 {
			return 0, true, nil
		}
		return 0, false, &machine.Refusal{Code: machine.GateClosed, Text: "no recorder runs on this node"}
	}
	ended := r.copiers.ended()
	status, err := recorder.Drain(ctx)
	if err != nil {
		return 0, false, err
	}
	r.copiers.forget(ended)
	r.mu.Lock()
	defer r.mu.Unlock()
	return status.Sequence, r.why(status) == "", nil
}

// first is the path of the first change after a sequence number, as it is shown to people.
func (r *recording) first(after int64) string {
	r.mu.Lock()
	recorder := r.recorder
	r.mu.Unlock()
	if recorder == nil {
		return ""
	}
	return strconv.Quote(recorder.First(after))
}

// stop ends recording for good.
func (r *recording) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder != nil {
		r.recorder.Stop()
		r.recorder = nil
	}
	return durable.Mark(r.wanted(), false)
}
