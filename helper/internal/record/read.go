package record

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lifeboat/helper/internal/roots"

	"golang.org/x/sys/unix"
)

const (
	// pause is how long events are left to the kernel where they keep coming: each would wake this program up, and the
	// kernel makes one of several that tell of the same name.
	pause = 5 * time.Millisecond
	// unpaused is how many reads in a row come before that: a drain between a few changes does not wait.
	unpaused = 16
)

// read takes events until the recorder is stopped.
func (r *Recorder) read() {
	defer close(r.done)
	buffer := make([]byte, 64<<10)
	inARow, last := 0, time.Time{}
	for {
		if inARow > unpaused {
			time.Sleep(pause)
		}
		ready := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}, {Fd: int32(r.ended), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err == unix.EINTR {
			continue
		}
		if ready[1].Revents != 0 {
			return
		}
		n, err := unix.Read(r.fd, buffer)
		if inARow++; time.Since(last) > 2*pause {
			inARow = 0
		}
		last = time.Now()
		if n > 0 {
			r.mu.Lock()
			if err := parseEvents(buffer[:n], r.note); err != nil && r.gap == "" {
				r.gap = "the kernel's report was not understood: " + err.Error()
			}
			r.bound()
			r.mu.Unlock()
		}
		if err != nil && err != unix.EINTR && err != unix.EAGAIN {
			r.lose("the kernel stopped reporting: " + err.Error())
			return
		}
	}
}

// note is called with mu held.
func (r *Recorder) note(e event) {
	if e.mask&unix.FAN_Q_OVERFLOW != 0 {
		r.sequence++
		if r.gap == "" {
			r.gap = "the kernel's queue ran over"
		}
		return
	}
	if e.mask&unix.FAN_ONDIR != 0 && e.mask&(unix.FAN_MOVED_FROM|unix.FAN_MOVED_TO|unix.FAN_DELETE) != 0 {
		defer clear(r.places) // what was known by its handle may have another path now
	}
	own := int(e.pid) == os.Getpid()
	if e.handle == "" || own && e.name != filepath.Base(sentinel) {
		return
	}
	// Asked first, as a copy makes more events than anybody.
	if !own && r.ignore(int(e.pid)) {
		return
	}
	for _, at := range r.locate(e) {
		path := join(at.relative, e.name)
		if path == sentinel {
			if wait := r.seen[at.root]; wait != nil && e.mask&unix.FAN_CLOSE_WRITE != 0 {
				close(wait)
				delete(r.seen, at.root)
			}
			continue
		}
		root := r.roots[at.root]
		if path == Aside || root.Exclude(path) {
			continue
		}
		r.sequence++
		r.write(entry{r.sequence, at.root, changed, path})
		// One event may tell of both.
		if e.mask&unix.FAN_ONDIR != 0 && e.mask&unix.FAN_MOVED_FROM != 0 {
			r.write(entry{r.sequence, at.root, went, path})
		}
		if e.mask&unix.FAN_ONDIR != 0 && e.mask&unix.FAN_MOVED_TO != 0 {
			r.write(entry{r.sequence, at.root, came, path})
		}
		// A name that comes or goes changes the folder that it stands in.
		if e.mask&(unix.FAN_CREATE|unix.FAN_DELETE|unix.FAN_MOVED_FROM|unix.FAN_MOVED_TO) != 0 && at.relative != "." {
			r.write(entry{r.sequence, at.root, changed, at.relative})
		}
	}
}

func (r *Recorder) write(e entry) {
	key := string(e.kind) + strconv.Itoa(e.root) + e.path
	if _, known := r.recent[key]; known {
		return
	}
	if len(r.recent) > 50_000 {
		r.reveal()
	}
	r.recent[key] = struct{}{}
	if err := r.journal.add(e); err != nil && r.gap == "" {
		r.gap = "the journal cannot be written: " + err.Error()
	}
}

// bound keeps the journal from filling the disk of the source (V14).
func (r *Recorder) bound() {
	if r.journal.size < r.journal.limit {
		return
	}
	if err := r.journal.compact(filepath.Join(r.folder, "journal")); err != nil && r.gap == "" {
		r.gap = "the journal cannot be shortened: " + err.Error()
	}
	if r.journal.size > fullAt && r.gap == "" {
		r.gap = "too many names changed"
	}
}

// locate finds where a directory is now, once for each root that it lies in. One that is gone was told of by its parent.
func (r *Recorder) locate(e event) []place {
	found := []place{}
	for i, root := range r.roots {
		if root.fsid != e.fsid {
			continue
		}
		key := strconv.Itoa(i) + e.handle
		at, known := r.places[key]
		if !known {
			at = r.find(i, e)
			if len(r.places) > 20_000 {
				r.places = map[string]place{}
			}
			if at.root != gone {
				r.places[key] = at
			}
		}
		if at.root >= 0 {
			found = append(found, at)
		}
	}
	return found
}

const (
	outside = -1
	gone    = -2
)

func (r *Recorder) find(root int, e event) place {
	fd, err := unix.OpenByHandleAt(r.roots[root].fd, e.fileHandle(), unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return place{root: gone}
	}
	defer unix.Close(fd)
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return place{root: gone}
	}
	// One that was removed while it was looked for is still open here, and the kernel writes " (deleted)" after its path.
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil || stat.Nlink == 0 {
		return place{root: gone}
	}
	if relative, in := roots.Within(r.roots[root].real, path); in {
		return place{root, relative}
	}
	return place{root: outside}
}
