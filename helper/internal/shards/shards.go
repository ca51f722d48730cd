package shards

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
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

// List is a file of names, NUL-separated and relative to the root, as rsync takes it with --from0.
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

// Write writes one list for each shard to `file-N`: every name below the root once, all names of an inode in one shard.
// It reads the tree twice, so that what it keeps is of the size of its folders, not of its files; a name that comes
// between is somewhere, and the recorder knows of it. Nothing that is mounted below the root is listed.
func Write(ctx context.Context, file string, job Job) ([]List, error) {
	weighed := weights{folders: map[string]int64{}, inodes: map[uint64]int64{}}
	if err := walk(ctx, job, weighed.add); err != nil {
		return nil, err
	}
	parts, shards := weighed.divide(job.Count)
	lists := make([]List, job.Count)
	outs := make([]*bufio.Writer, job.Count)
	for i := range lists {
		lists[i].File = fmt.Sprintf("%s-%d", file, i)
		out, err := os.Create(lists[i].File)
		if err != nil {
			return nil, err
		}
		defer out.Close()
		outs[i] = bufio.NewWriterSize(out, 64<<10)
	}
	err := walk(ctx, job, func(name string, stat *syscall.Stat_t) error {
		at := shards[unitOf(name, stat, parts)] // the first one for what was not there before
		lists[at].Names++
		if stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
			lists[at].Bytes += stat.Size
		}
		// rsync would take these for comments.
		if strings.HasPrefix(name, "#") || strings.HasPrefix(name, ";") {
			name = "./" + name
		}
		_, err := outs[at].WriteString(name + "\x00")
		return err
	})
	for _, out := range outs {
		err = errors.Join(err, out.Flush())
	}
	return lists, err
}

type weights struct {
	folders map[string]int64
	inodes  map[uint64]int64 // big files, and files with several names
	total   int64
}

func (w *weights) add(name string, stat *syscall.Stat_t) error {
	weight := int64(nameCost)
	if stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
		weight += stat.Size
	}
	if isAlone(stat) {
		if w.inodes[stat.Ino] > 0 {
			weight = nameCost // a further name carries no bytes
		}
		w.inodes[stat.Ino] += weight
	} else {
		w.folders[folderOf(name, stat)] += weight
	}
	w.total += weight
	return nil
}

// divide answers into how many parts each folder goes, one where it is not named, and the shard of each unit.
func (w *weights) divide(count int) (parts map[string]int, shards map[any]int) {
	limit := w.total/int64(count*partsEach) + nameCost
	parts = map[string]int{}
	units := []unit{}
	for number, weight := range w.inodes {
		units = append(units, unit{inode{number}, weight})
	}
	for folder, weight := range w.folders {
		n := (weight + limit - 1) / limit
		if n > 1 {
			parts[folder] = int(n)
		}
		for i := range n {
			units = append(units, unit{part{folder, int(i)}, weight / n})
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

func walk(ctx context.Context, job Job, visit func(name string, stat *syscall.Stat_t) error) error {
	root, err := filepath.EvalSymlinks(job.Root)
	if err != nil {
		return err
	}
	var device uint64
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
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
		if path == root {
			device = stat.Dev
			return nil
		}
		name, _ := roots.Within(root, path)
		if job.Exclude(name) || entry.IsDir() && job.Exclude(name+"/.") {
			return skip(entry)
		}
		if err := visit(name, stat); err != nil {
			return err
		}
		if entry.IsDir() && stat.Dev != device {
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
