// Package manifest writes down what stands under a root, so that two sides can be compared and differences named.
package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"lifeboat/helper/internal/hashes"

	"golang.org/x/sys/unix"
)

// Job is one root to be written down.
type Job struct {
	Root    string
	Exclude func(relative string) bool
	// Names, when there are any, are all that is looked at, with the folders above them and the root.
	Names []string
	// Content says whether files are read.
	Content bool
	// Hashes is asked before a file is read; nil: every file is.
	Hashes *hashes.Cache
	// Owners are numbers of users and groups that are written as others: two sides may give one name different numbers.
	Owners Owners
	// TimelessFolders leaves out the times of folders, where what is excluded comes and goes in them.
	TimelessFolders bool
	// Gently gives way to others on this machine while it reads files.
	Gently bool
}

// Owners maps numbers of this side to those that are written; one that is in neither stays as it is.
type Owners struct{ Users, Groups map[uint32]uint32 }

func (o Owners) of(stat *unix.Stat_t) (user, group uint32) {
	user, group = stat.Uid, stat.Gid
	if other, known := o.Users[user]; known {
		user = other
	}
	if other, known := o.Groups[group]; known {
		group = other
	}
	return user, group
}

type Result struct {
	Digest  string `json:"digest"`
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
	Read    int64  `json:"read"` // files whose content was read
}

const workers = 2 // files read at once

// Write writes the manifest of the roots, in their order, and answers its digest; the sums of its buckets go to another
// file. Lines follow the tree: the names of a folder in byte order, each folder's content after it, so that two equal
// trees give equal bytes. What goes while a tree is in use is left out.
func Write(ctx context.Context, file, sumsFile string, jobs []Job) (Result, error) {
	out, err := os.Create(file)
	if err != nil {
		return Result{}, err
	}
	defer out.Close()
	sum := sha256.New()
	w := &writer{ctx: ctx, lines: make(chan chan line, 256), work: make(chan func())}
	result := make(chan error, 1)
	go func() { result <- w.drain(bufio.NewWriterSize(io.MultiWriter(out, sum), 64<<10)) }()
	for range workers {
		go workThrough(w.work, slices.ContainsFunc(jobs, func(job Job) bool { return job.Gently }))
	}
	for i, job := range jobs {
		if err = w.write(i, job); err != nil {
			break
		}
	}
	close(w.work)
	close(w.lines)
	if drained := <-result; err == nil {
		err = drained
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.WriteFile(sumsFile, w.sums.bytes(), 0o600)
	}
	w.result.Digest, w.result.Read = hex.EncodeToString(sum.Sum(nil)), w.read.Load()
	return w.result, err
}

type line struct {
	text string // empty: gone meanwhile
	err  error
}

type writer struct {
	ctx    context.Context
	lines  chan chan line // in order; a hash may come later than the lines after it
	work   chan func()
	first  map[inode]string // of a file with several names the one that came first
	sums   sums
	read   atomic.Int64
	result Result
}

type inode struct{ device, number uint64 }

// drain writes the lines in their order. It goes on reading after an error, so that nobody waits for it.
func (w *writer) drain(out *bufio.Writer) error {
	var first error
	for next := range w.lines {
		l := <-next
		if first == nil {
			first = l.err
		}
		if first == nil && l.text != "" {
			w.sums.add([]byte(l.text))
			_, first = out.WriteString(l.text)
		}
	}
	if first != nil {
		return first
	}
	return out.Flush()
}

func (w *writer) write(index int, job Job) error {
	real, err := filepath.EvalSymlinks(job.Root)
	if err != nil {
		return fmt.Errorf("root %s: %w", job.Root, err)
	}
	var stat unix.Stat_t
	if err := unix.Lstat(real, &stat); err != nil {
		return fmt.Errorf("root %s: %w", job.Root, err)
	}
	w.first = map[inode]string{}
	w.entry(index, job, real, ".", &stat)
	if job.Names != nil {
		return w.listed(index, job, real, stat.Dev)
	}
	return w.folder(index, job, real, "", stat.Dev)
}

func (w *writer) folder(index int, job Job, path, prefix string, device uint64) error {
	dir, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && prefix != "" {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	dir.Close()
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		relative := prefix + name
		if job.Exclude(relative) {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		full := path + "/" + name
		var stat unix.Stat_t
		if err := unix.Lstat(full, &stat); err != nil {
			if err == unix.ENOENT {
				continue // gone since the folder was read; in a freeze nothing goes
			}
			return fmt.Errorf("%s: %w", full, err)
		}
		if stat.Mode&unix.S_IFMT == unix.S_IFDIR && job.Exclude(relative+"/.") {
			continue // a pattern for folders
		}
		w.entry(index, job, full, relative, &stat)
		if stat.Mode&unix.S_IFMT == unix.S_IFDIR && stat.Dev == device { // what is mounted below is not part of the root
			if err := w.folder(index, job, full, relative+"/", device); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) entry(index int, job Job, full, relative string, stat *unix.Stat_t) {
	w.result.Entries++
	isFile := stat.Mode&unix.S_IFMT == unix.S_IFREG
	if isFile && stat.Nlink > 1 {
		at := inode{uint64(stat.Dev), stat.Ino}
		if first, seen := w.first[at]; seen {
			w.put(line{fields(index, relative, "h", "-", "-", "-", "-", "-", quote(first), "-", "-", "-"), nil})
			return
		}
		w.first[at] = relative
	}
	text, err := describe(index, job, full, relative, stat)
	switch {
	case gone(err):
		w.put(line{})
	case isFile && err == nil:
		w.result.Bytes += stat.Size
		w.content(job, full, relative, text, stat)
	default:
		w.put(line{text + "\t-\n", err})
	}
}

// content puts the line of a file; its hash may come later.
func (w *writer) content(job Job, full, relative, text string, stat *unix.Stat_t) {
	if !job.Content {
		w.put(line{text + "\t-\n", nil})
		return
	}
	if job.Hashes != nil {
		if sum, known := job.Hashes.Find(stat); known {
			w.put(line{text + "\t" + hex.EncodeToString(sum[:]) + "\n", nil})
			return
		}
	}
	next := make(chan line, 1)
	own := *stat // the walk goes on meanwhile
	w.work <- func() {
		sum, same, err := contentOf(w.ctx, full, &own)
		w.read.Add(1)
		if same && err == nil && job.Hashes != nil {
			job.Hashes.Keep(&own, sum)
		}
		if gone(err) {
			next <- line{}
			return
		}
		next <- line{text + "\t" + hex.EncodeToString(sum[:]) + "\n", err}
	}
	w.lines <- next
}

func (w *writer) put(l line) {
	next := make(chan line, 1)
	next <- l
	w.lines <- next
}

// gone: there when its folder was read, and not any more, or something else by now.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, errOther)
}
