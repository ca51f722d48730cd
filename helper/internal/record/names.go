package record

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"lifeboat/helper/internal/roots"

	"golang.org/x/sys/unix"
)

// List is what changed in a root: a file of names that are there, and one of names that are gone; NUL-separated and
// relative to the root.
type List struct {
	Root  string `json:"root"`
	File  string `json:"file"`
	Count int64  `json:"count"`
	// Linked counts the files among them that have other names as well: a write tells of one name only.
	Linked int64 `json:"linked"`
	// Holed counts the files that take less room than they are long.
	Holed     int64  `json:"holed"`
	GoneFile  string `json:"goneFile"`
	GoneCount int64  `json:"goneCount"`
}

// Names writes what changed after a sequence number, each name once. A name that is gone stands for all that was below.
// A folder that came with its content is listed with everything below it. A name that a folder went from is gone even
// where something stands there again: nothing else tells what that lacks.
func (r *Recorder) Names(after int64) ([]List, Status, error) {
	status := r.Status()
	lists := make([]List, len(r.roots))
	there, gone := make([]*bufio.Writer, len(r.roots)), make([]*bufio.Writer, len(r.roots))
	for i, root := range r.roots {
		lists[i] = List{Root: root.Path, File: r.listFile("names", i), GoneFile: r.listFile("gone", i)}
		for path, out := range map[string]*[]*bufio.Writer{lists[i].File: &there, lists[i].GoneFile: &gone} {
			file, err := os.Create(path)
			if err != nil {
				return nil, status, err
			}
			defer file.Close()
			(*out)[i] = bufio.NewWriter(file)
		}
	}
	written := map[uint64]struct{}{}
	put := func(root int, kind byte, path string) {
		path, stat := standing(r.roots[root].real, path)
		if stat == nil {
			kind = went
		}
		key := entry{root: root, kind: kind, path: path}.key()
		if _, done := written[key]; done || r.roots[root].Exclude(path) {
			return
		}
		written[key] = struct{}{}
		out, count := there[root], &lists[root].Count
		if kind == went {
			out, count = gone[root], &lists[root].GoneCount
		} else if stat.Mode&unix.S_IFMT == unix.S_IFREG {
			if stat.Nlink > 1 {
				lists[root].Linked++
			}
			if stat.Blocks*512 < stat.Size {
				lists[root].Holed++
			}
		}
		*count++
		if path[0] == '#' || path[0] == ';' {
			out.WriteString("./") // rsync would take it for a comment, even between NULs
		}
		out.WriteString(path)
		out.WriteByte(0)
	}
	r.mu.Lock()
	moved := []entry{}
	err := r.journal.after(after, func(e entry) error {
		if e.kind == came {
			moved = append(moved, e)
			return nil
		}
		put(e.root, e.kind, e.path)
		return nil
	})
	r.mu.Unlock()
	for _, e := range moved { // outside the lock: a large folder takes its time, and events must be read meanwhile
		r.below(e, put)
	}
	for _, out := range slices.Concat(there, gone) {
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
	}
	return lists, status, err
}

// First is the path of the first change after a sequence number; empty: there is none, or it cannot be read.
func (r *Recorder) First(after int64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := ""
	r.journal.after(after, func(e entry) error {
		first = filepath.Join(r.roots[e.root].Path, e.path)
		return io.EOF // one is enough
	})
	return first
}

func (r *Recorder) listFile(kind string, root int) string {
	return filepath.Join(r.folder, kind+"-"+strconv.Itoa(root))
}

func (r *Recorder) below(e entry, put func(root int, kind byte, path string)) {
	base := filepath.Join(r.roots[e.root].real, e.path)
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone meanwhile: an event says so
		}
		relative, in := roots.Within(r.roots[e.root].real, path)
		if !in {
			return nil
		}
		if relative != "." && r.roots[e.root].Exclude(relative) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		put(e.root, changed, relative)
		return nil
	})
}

// standing says which name speaks for a path now: itself, or the highest folder above it that is gone or is no folder any
// more, for what is below goes with that. No stat: it is gone.
func standing(root, path string) (string, *unix.Stat_t) {
	for {
		var stat, above unix.Stat_t
		if unix.Lstat(filepath.Join(root, path), &stat) == nil {
			return path, &stat
		}
		folder := filepath.Dir(path)
		if folder == "." || unix.Lstat(filepath.Join(root, folder), &above) == nil && above.Mode&unix.S_IFMT == unix.S_IFDIR {
			return path, nil
		}
		path = folder
	}
}
