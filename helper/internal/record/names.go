package record

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// List is one file of names, NUL-separated and relative to the root.
type List struct {
	Root  string `json:"root"`
	File  string `json:"file"`
	Count int64  `json:"count"`
}

// Names writes what changed after a sequence number, each name once. A name may stand for something that is gone. A
// folder that came with its content is listed with everything below it.
func (r *Recorder) Names(after int64) ([]List, Status, error) {
	status := r.Status()
	lists := make([]List, len(r.roots))
	outs := make([]*bufio.Writer, len(r.roots))
	for i, root := range r.roots {
		file, err := os.Create(filepath.Join(r.folder, "names-"+strconv.Itoa(i)))
		if err != nil {
			return nil, status, err
		}
		defer file.Close()
		lists[i] = List{Root: root.Path, File: file.Name()}
		outs[i] = bufio.NewWriter(file)
	}
	written := map[uint64]struct{}{}
	put := func(root int, path string) {
		key := entry{root: root, path: path}.key()
		if _, done := written[key]; done || r.roots[root].Exclude(path) {
			return
		}
		written[key] = struct{}{}
		lists[root].Count++
		outs[root].WriteString(path)
		outs[root].WriteByte(0)
	}
	r.mu.Lock()
	deep := []entry{}
	err := r.journal.after(after, func(e entry) error {
		put(e.root, e.path)
		if e.deep {
			deep = append(deep, e)
		}
		return nil
	})
	r.mu.Unlock()
	for _, e := range deep { // outside the lock: a large folder takes its time, and events must be read meanwhile
		r.below(e, put)
	}
	for _, out := range outs {
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
	}
	return lists, status, err
}

func (r *Recorder) below(e entry, put func(int, string)) {
	base := filepath.Join(r.roots[e.root].real, e.path)
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone meanwhile: an event says so
		}
		relative, in := within(r.roots[e.root].real, path)
		if !in {
			return nil
		}
		if relative != "." && r.roots[e.root].Exclude(relative) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		put(e.root, relative)
		return nil
	})
}
