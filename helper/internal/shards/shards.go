package shards

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"

	"lifeboat/helper/internal/roots"
)

// Job is a root and into how many shards it goes. Exclude gets names relative to the root; a folder also with `/.`.
type Job struct {
	Root    string
	Exclude func(relative string) bool
	Count   int
}

// List is a file of names, NUL-separated and relative to the root, as rsync takes it with --from0. A folder with a slash
// at the end stands for itself and for what lies directly in it. Names counts all of them.
type List struct {
	File  string `json:"file"`
	Names int64  `json:"names"`
	Bytes int64  `json:"bytes"`
}

type (
	inode struct{ number uint64 } // all of a root are on one device
	part  struct {
		folder string
		number int
	}
)

// Write writes one list for each shard to `file-N`: every name below the root is in one, all names of an inode in the
// same. What it keeps is of the size of the tree's folders, not of its files. A name that comes meanwhile may be in none:
// the recorder knows of it. Nothing that is mounted below the root is listed.
//
// A folder that goes as a whole is one entry, as rsync reads a list byte by byte and looks at all folders above each name:
// three times the system calls of a tree that it finds by itself.
func Write(ctx context.Context, file string, job Job) ([]List, error) {
	root, err := filepath.EvalSymlinks(job.Root)
	if err != nil {
		return nil, err
	}
	job.Root = root
	weighed := weights{folders: map[string]*folder{}, inodes: map[uint64]int64{}}
	if err := walk(ctx, job, weighed.add); err != nil {
		return nil, err
	}
	parts, shards := weighed.divide(job.Count)
	w := writer{lists: make([]List, job.Count), outs: make([]*bufio.Writer, job.Count)}
	for i := range w.lists {
		w.lists[i].File = fmt.Sprintf("%s-%d", file, i)
		out, err := os.Create(w.lists[i].File)
		if err != nil {
			return nil, err
		}
		defer out.Close()
		w.outs[i] = bufio.NewWriterSize(out, 64<<10)
	}
	for _, name := range slices.Sorted(maps.Keys(weighed.folders)) {
		at, f := shards[part{name, 0}], weighed.folders[name]
		switch {
		case f.mounted:
			w.write(at, name, 1, 0)
		case parts[name] < 2 && !f.mixed:
			w.write(at, name+"/", f.names, f.bytes)
		default:
			if name != "." {
				w.write(at, name, 1, 0)
			}
			if err := w.divided(ctx, job, name, func(path string, stat *syscall.Stat_t) int { return shards[unitOf(path, stat, parts)] }); err != nil {
				return nil, err
			}
		}
	}
	for _, out := range w.outs {
		err = errors.Join(err, out.Flush())
	}
	return w.lists, err
}

type writer struct {
	lists []List
	outs  []*bufio.Writer
}

// write keeps no error: Flush tells of it.
func (w writer) write(at int, name string, names, bytes int64) {
	// rsync would take these for comments.
	if strings.HasPrefix(name, "#") || strings.HasPrefix(name, ";") {
		name = "./" + name
	}
	w.outs[at].WriteString(name + "\x00")
	w.lists[at].Names += names
	w.lists[at].Bytes += bytes
}

// divided writes what lies directly in a folder and is no folder, each name to where shardOf has it.
func (w writer) divided(ctx context.Context, job Job, folder string, shardOf func(string, *syscall.Stat_t) int) error {
	entries, err := os.ReadDir(filepath.Join(job.Root, folder))
	if err != nil {
		return ignoreGone(err)
	}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if entry.IsDir() || job.Exclude(name) {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			if err := ignoreGone(err); err != nil {
				return err
			}
			continue
		}
		stat := info.Sys().(*syscall.Stat_t)
		w.write(shardOf(name, stat), name, 1, bytesOf(stat))
	}
	return ctx.Err()
}

// folder is a folder with what lies directly in it, further folders left out.
type folder struct {
	weight, names, bytes int64
	mixed                bool // something in it is a unit of its own
	mounted              bool // of another file system: only its name counts
}

type weights struct {
	folders map[string]*folder
	inodes  map[uint64]int64 // big files, and files with several names
	total   int64
}

func (w *weights) add(name string, stat *syscall.Stat_t, mounted bool) {
	weight := nameCost + bytesOf(stat)
	f := w.folders[folderOf(name, stat)]
	if f == nil {
		f = &folder{mounted: mounted}
		w.folders[folderOf(name, stat)] = f
	}
	if isAlone(stat) {
		f.mixed = true
		if w.inodes[stat.Ino] > 0 {
			weight = nameCost // a further name carries no bytes
		}
		w.inodes[stat.Ino] += weight
	} else {
		f.weight += weight
		f.names++
		f.bytes += bytesOf(stat)
	}
	w.total += weight
}

// divide answers into how many parts each folder goes, one where it is not named, and the shard of each unit.
func (w *weights) divide(count int) (parts map[string]int, shards map[any]int) {
	limit := w.total/int64(count*partsEach) + nameCost
	parts = map[string]int{}
	units := []unit{}
	for number, weight := range w.inodes {
		units = append(units, unit{inode{number}, weight})
	}
	for name, f := range w.folders {
		n := (f.weight + limit - 1) / limit
		if n > 1 {
			parts[name] = int(n)
		}
		for i := range n {
			units = append(units, unit{part{name, int(i)}, f.weight / n})
		}
	}
	// The order of a map differs each time; a copy that goes on after an interruption does best with the same lists.
	sort.Slice(units, func(i, j int) bool { return fmt.Sprint(units[i].key) < fmt.Sprint(units[j].key) })
	return parts, assign(units, count)
}

func unitOf(name string, stat *syscall.Stat_t, parts map[string]int) any {
	if isAlone(stat) {
		return inode{stat.Ino}
	}
	folder := folderOf(name, stat)
	n := parts[folder]
	if n < 2 {
		return part{folder, 0}
	}
	hash := fnv.New32a()
	hash.Write([]byte(name))
	return part{folder, int(hash.Sum32() % uint32(n))}
}

func isAlone(stat *syscall.Stat_t) bool {
	isFile := stat.Mode&syscall.S_IFMT == syscall.S_IFREG
	return isFile && stat.Size >= bigFile || stat.Mode&syscall.S_IFMT != syscall.S_IFDIR && stat.Nlink > 1
}

// folderOf: a folder goes with what is in it.
func folderOf(name string, stat *syscall.Stat_t) string {
	if stat.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return name
	}
	return filepath.Dir(name)
}

func bytesOf(stat *syscall.Stat_t) int64 {
	if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return 0
	}
	return stat.Size
}

func walk(ctx context.Context, job Job, visit func(name string, stat *syscall.Stat_t, mounted bool)) error {
	var device uint64
	return filepath.WalkDir(job.Root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		if path == job.Root {
			device = stat.Dev
			return nil
		}
		name, _ := roots.Within(job.Root, path)
		if job.Exclude(name) || entry.IsDir() && job.Exclude(name+"/.") {
			return skip(entry)
		}
		mounted := entry.IsDir() && stat.Dev != device
		visit(name, stat, mounted)
		if mounted {
			return fs.SkipDir
		}
		return nil
	})
}

func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// ignoreGone: what goes while it is read is no failure of a tree that is in use.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
