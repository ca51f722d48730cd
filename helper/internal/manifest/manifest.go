// Package manifest writes down what stands under a root, so that two sides can be compared and differences named.
package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Job is one root to be written down.
type Job struct {
	Root    string
	Exclude func(relative string) bool
	// Content says whether a file's content is to be hashed.
	Content func(relative string) bool
}

type Result struct {
	Digest  string `json:"digest"`
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
}

const workers = 2 // files hashed at once

// Write writes the manifest of the roots, in their order, and answers its digest. Lines follow the tree: the names of a
// folder in byte order, each folder's content after it, so that two equal trees give equal bytes.
func Write(ctx context.Context, file string, jobs []Job) (Result, error) {
	out, err := os.Create(file)
	if err != nil {
		return Result{}, err
	}
	defer out.Close()
	sum := sha256.New()
	w := &writer{ctx: ctx, lines: make(chan chan line, 256), slots: make(chan struct{}, workers)}
	result := make(chan error, 1)
	go func() { result <- w.drain(bufio.NewWriterSize(io.MultiWriter(out, sum), 64<<10)) }()
	for i, job := range jobs {
		if err = w.walk(i, job); err != nil {
			break
		}
	}
	close(w.lines)
	if drained := <-result; err == nil {
		err = drained
	}
	if err == nil {
		err = ctx.Err()
	}
	w.result.Digest = hex.EncodeToString(sum.Sum(nil))
	return w.result, err
}

type line struct {
	text string
	err  error
}

type writer struct {
	ctx    context.Context
	lines  chan chan line // in order; a hash may come later than the lines after it
	slots  chan struct{}
	result Result
}

// drain writes the lines in their order. It goes on reading after an error, so that nobody waits for it.
func (w *writer) drain(out *bufio.Writer) error {
	var first error
	for next := range w.lines {
		l := <-next
		if first == nil {
			first = l.err
		}
		if first == nil {
			_, first = out.WriteString(l.text)
		}
	}
	if first != nil {
		return first
	}
	return out.Flush()
}

func (w *writer) walk(index int, job Job) error {
	real, err := filepath.EvalSymlinks(job.Root)
	if err != nil {
		return fmt.Errorf("root %s: %w", job.Root, err)
	}
	var stat unix.Stat_t
	if err := unix.Lstat(real, &stat); err != nil {
		return fmt.Errorf("root %s: %w", job.Root, err)
	}
	w.entry(index, job, real, ".", &stat)
	return w.folder(index, job, real, "", stat.Dev)
}

func (w *writer) folder(index int, job Job, path, prefix string, device uint64) error {
	dir, err := os.Open(path)
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
	next := make(chan line, 1)
	text, err := describe(index, full, relative, stat)
	if stat.Mode&unix.S_IFMT == unix.S_IFREG {
		w.result.Bytes += stat.Size
		if err == nil && job.Content(relative) {
			w.slots <- struct{}{}
			go func() {
				hash, err := contentOf(w.ctx, full)
				<-w.slots
				next <- line{text + "\t" + hash + "\n", err}
			}()
			w.lines <- next
			return
		}
	}
	next <- line{text + "\t-\n", err}
	w.lines <- next
}

// describe is a line without its last field: root's number, path, type, size, mode, uid, gid, mtime in ns, link target,
// device numbers, digest of the extended attributes. The root's own mtime is left out: what a sync puts aside changes it.
func describe(index int, full, relative string, stat *unix.Stat_t) (string, error) {
	kind, size, link, device := "?", "-", "-", "-"
	mtime := strconv.FormatInt(stat.Mtim.Sec*1e9+stat.Mtim.Nsec, 10)
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind, size = "f", strconv.FormatInt(stat.Size, 10)
	case unix.S_IFDIR:
		kind = "d"
	case unix.S_IFLNK:
		target, err := os.Readlink(full)
		if err != nil {
			return "", err
		}
		kind, link = "l", quote(target)
	case unix.S_IFCHR, unix.S_IFBLK:
		kind, device = "c", fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
		if stat.Mode&unix.S_IFMT == unix.S_IFBLK {
			kind = "b"
		}
	case unix.S_IFIFO:
		kind = "p"
	case unix.S_IFSOCK:
		kind = "s"
	}
	if relative == "." {
		mtime = "-"
	}
	attributes, err := xattrs(full)
	if err != nil {
		return "", fmt.Errorf("attributes of %s: %w", full, err)
	}
	return strings.Join([]string{
		strconv.Itoa(index), quote(relative), kind, size, fmt.Sprintf("%04o", stat.Mode&0o7777),
		strconv.Itoa(int(stat.Uid)), strconv.Itoa(int(stat.Gid)), mtime, link, device, attributes,
	}, "\t"), nil
}

// quote keeps a name on one line and in one field.
func quote(name string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(name)
}
