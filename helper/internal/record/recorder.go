// Package record notes the name of everything that changes under the roots of a move. It watches whole file systems, so
// no directory is ever too new to be watched, and it knows when it has missed something and says so.
package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Root is a folder to watch.
type Root struct {
	Path    string
	Exclude func(relative string) bool
}

type Status struct {
	Running  bool
	Epoch    string
	Sequence int64
	Gap      string // why names may be missing since the epoch began; empty: none are
}

// Aside is the folder in each root that holds the sentinel, and what a sync has put aside. Changes in it do not count.
const Aside = ".lifeboat-deleted"

const sentinel = Aside + "/.sentinel"

const changes = unix.FAN_MODIFY | unix.FAN_ATTRIB | unix.FAN_CLOSE_WRITE | unix.FAN_MOVED_FROM | unix.FAN_MOVED_TO |
	unix.FAN_CREATE | unix.FAN_DELETE | unix.FAN_ONDIR

type watched struct {
	Root
	real   string // without links
	fd     int    // the folder, for finding directories by their handles
	fsid   uint64
	inode  uint64
	device uint64
}

type Recorder struct {
	fd      int // of fanotify; read beside Go's poller, which would wake up for each event that is left for a while
	ended   int // an eventfd: nothing more is to be read
	folder  string
	roots   []watched
	ignore  func(pid int) bool
	done    chan struct{}
	reading sync.Mutex // one drain at a time

	mu       sync.Mutex
	journal  *journal
	epoch    string
	sequence int64
	gap      string
	recent   map[string]struct{} // names journalled since the sequence was last told to anybody
	places   map[string]place    // directories by handle; forgotten when any directory moves
	seen     map[int]chan struct{}
}

type place struct {
	root     int
	relative string // "." for the root; root -1: outside
}

// Start marks the file systems of the roots and begins a new epoch. ignore says whose changes are not to be noted.
func Start(folder, epoch string, roots []Root, ignore func(pid int) bool) (*Recorder, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_REPORT_DFID_NAME|unix.FAN_UNLIMITED_QUEUE|unix.FAN_UNLIMITED_MARKS|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("the kernel cannot report changed names (it needs Linux 5.9): %w", err)
	}
	ended, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	r := &Recorder{
		fd: fd, ended: ended, folder: folder, epoch: epoch, ignore: ignore, done: make(chan struct{}),
		recent: map[string]struct{}{}, places: map[string]place{}, seen: map[int]chan struct{}{},
	}
	if r.journal, err = openJournal(filepath.Join(folder, "journal")); err != nil {
		r.close()
		return nil, err
	}
	for _, root := range roots {
		if err := r.watch(root); err != nil {
			r.close()
			return nil, err
		}
	}
	go r.read()
	return r, nil
}

func (r *Recorder) watch(root Root) error {
	real, err := filepath.EvalSymlinks(root.Path)
	if err != nil {
		return fmt.Errorf("root %s: %w", root.Path, err)
	}
	if err := placeSentinel(real); err != nil {
		return err
	}
	fd, err := unix.Open(real, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("root %s: %w", root.Path, err)
	}
	w := watched{Root: root, real: real, fd: fd}
	var stat unix.Stat_t
	var fs unix.Statfs_t
	if err = unix.Fstat(fd, &stat); err == nil {
		err = unix.Fstatfs(fd, &fs)
	}
	w.inode, w.device = stat.Ino, stat.Dev
	w.fsid = uint64(uint32(fs.Fsid.Val[0])) | uint64(uint32(fs.Fsid.Val[1]))<<32
	if err == nil {
		err = unix.FanotifyMark(r.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, changes, fd, "")
	}
	r.roots = append(r.roots, w)
	if err != nil {
		return fmt.Errorf("changes under %s cannot be watched on its file system: %w", root.Path, err)
	}
	return nil
}

func placeSentinel(real string) error {
	if err := os.Mkdir(filepath.Join(real, Aside), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := os.OpenFile(filepath.Join(real, sentinel), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Status tells the sequence number: whatever changes from now on has a higher one.
func (r *Recorder) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checkRoots()
	r.reveal()
	running := true
	select {
	case <-r.done:
		running = false
	default:
	}
	return Status{running, r.epoch, r.sequence, r.gap}
}

// reveal: a name that was journalled before this number became known must be journalled again when it changes again.
func (r *Recorder) reveal() {
	if len(r.recent) > 0 {
		r.recent = map[string]struct{}{}
	}
}

// Drain opens and closes the sentinel of each root for writing, and returns when the recorder has seen that: all that
// happened before is journalled then. Nothing that anybody could copy or compare changes.
func (r *Recorder) Drain(ctx context.Context) (Status, error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	waits := make([]chan struct{}, len(r.roots))
	for i, root := range r.roots {
		waits[i] = make(chan struct{})
		r.mu.Lock()
		r.seen[i] = waits[i]
		r.mu.Unlock()
		f, err := os.OpenFile(filepath.Join(root.real, sentinel), os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			r.lose("the sentinel of " + root.Path + " cannot be opened")
			return r.Status(), err
		}
		f.Close()
	}
	deadline := time.After(5 * time.Second)
	for i, wait := range waits {
		select {
		case <-wait:
		case <-r.done:
			return r.Status(), errors.New("the recorder ended")
		case <-ctx.Done():
			return r.Status(), ctx.Err()
		case <-deadline:
			r.lose("the sentinel of " + r.roots[i].Path + " was not seen")
			return r.Status(), errors.New("the recorder does not see what happens")
		}
	}
	return r.Status(), nil
}

// Stop ends the recorder and its marks.
func (r *Recorder) Stop() {
	unix.Write(r.ended, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	<-r.done
	r.close()
	for _, root := range r.roots {
		os.Remove(filepath.Join(root.real, sentinel))
		os.Remove(filepath.Join(root.real, Aside)) // stays while a sync has something in it
	}
}

func (r *Recorder) close() {
	unix.Close(r.fd)
	unix.Close(r.ended)
	for _, root := range r.roots {
		unix.Close(root.fd)
	}
	if r.journal != nil {
		r.journal.file.Close()
	}
}

func (r *Recorder) lose(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gap == "" {
		r.gap = why
	}
}

// checkRoots is called with mu held: another volume in the place of a root was never watched.
func (r *Recorder) checkRoots() {
	for _, root := range r.roots {
		var stat unix.Stat_t
		if err := unix.Stat(root.real, &stat); err != nil || stat.Ino != root.inode || stat.Dev != root.device {
			if r.gap == "" {
				r.gap = "root " + root.Path + " is no longer what was watched"
			}
		}
	}
}

func join(dir, name string) string {
	switch {
	case name == "." || name == "":
		return dir
	case dir == ".":
		return name
	}
	return dir + "/" + name
}
