package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/roots"

	"golang.org/x/sys/unix"
)

// admit lets a receiver of copies in. It is asked by the peer verb before that becomes rsync: whoever is let in is
// registered under the same lock under which a promotion is decided, so a promotion knows all of them.
func (d *Daemon) admit(pid int, destination string) error {
	start, session, ok := processOf(pid)
	if !ok || session != pid {
		return &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("process %d leads no session of its own", pid)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.node
	if err := d.mayReceive(); err != nil {
		return err
	}
	root, err := rootOf(n.Config, destination)
	if err != nil {
		return &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
	}
	if err := roots.Same(root, n.Roots[root]); err != nil {
		return &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
	}
	d.admitted[root]++
	file := filepath.Join(d.paths.Receivers(), strconv.Itoa(pid))
	return os.WriteFile(file, []byte(start), 0o600)
}

// mayReceive: no copy is received on a side that is open or about to be (V10), nor below a view. Called with mu held.
func (d *Daemon) mayReceive() error {
	n := d.node
	switch {
	case d.rehearsal.stands():
		return &machine.Refusal{Code: machine.GateClosed, Text: "a rehearsal is on, no copy is received meanwhile"}
	case n.Config == nil || n.Tombstone:
		return &machine.Refusal{Code: machine.GateClosed, Text: "this node receives nothing"}
	case n.Role != machine.Closed:
		return &machine.Refusal{Code: machine.GateClosed, Text: "this side is open, no copy is received here"}
	case n.Phase() == machine.PhasePromoted:
		return &machine.Refusal{Code: machine.GateClosed, Text: "this side is promoted, no copy is received any more"}
	}
	return nil
}

// rootOf finds the configured root that a destination lies in, whatever links lead there; of several the innermost.
func rootOf(c *machine.Config, destination string) (string, error) {
	for _, part := range strings.Split(destination, "/") {
		if part == ".." {
			return "", fmt.Errorf("the destination %q leads upwards", destination)
		}
	}
	if !filepath.IsAbs(destination) {
		return "", fmt.Errorf("the destination %q is not absolute", destination)
	}
	real, err := resolve(filepath.Clean(destination))
	if err != nil {
		return "", err
	}
	found, nearest := "", ""
	for _, root := range c.Roots {
		at, err := filepath.EvalSymlinks(root.Path)
		if err != nil {
			continue
		}
		if _, in := roots.Within(at, real); in && len(at) > len(nearest) {
			found, nearest = root.Path, at
		}
	}
	if found != "" {
		return found, nil
	}
	return "", fmt.Errorf("the destination %q lies in no root of this move", destination)
}

// resolve follows links of the part that exists; the rest can hold none.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil || !os.IsNotExist(err) {
		return real, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%q is a link to nowhere", path)
	}
	parent, err := resolve(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// endCopies ends whoever still receives, and answers how many were ever let in.
func (d *Daemon) endCopies(ctx context.Context, _ request) (answer, error) {
	if err := d.endReceivers(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return answer{"admitted": d.admittedInAll()}, nil
}

// admittedInAll is called with mu held.
func (d *Daemon) admittedInAll() (all int64) {
	for _, count := range d.admitted {
		all += count
	}
	return all
}

// endReceivers returns when nobody receives any more. Asked to end, rsync takes its unfinished file away; who does not
// listen is killed.
func (d *Daemon) endReceivers(ctx context.Context) error {
	began := time.Now()
	deadline := began.Add(5 * time.Second)
	for signal := unix.SIGTERM; ; signal = 0 {
		if time.Since(began) > time.Second {
			signal = unix.SIGKILL
		}
		alive := d.receiving()
		if len(alive) == 0 {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("receivers %v did not end", alive)
		}
		for _, pid := range alive {
			unix.Kill(pid, signal) // 0: only asks whether it is there
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// receiving lists every process of the sessions that were let in, and forgets sessions that are over.
func (d *Daemon) receiving() []int {
	files, _ := os.ReadDir(d.paths.Receivers())
	leaders := map[int]bool{}
	for _, file := range files {
		if pid, err := strconv.Atoi(file.Name()); err == nil {
			leaders[pid] = false
		}
	}
	if len(leaders) == 0 {
		return nil
	}
	alive := []int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		start, session, ok := processOf(pid)
		if _, registered := leaders[session]; !ok || !registered {
			continue
		}
		// A number that was given away again belongs to somebody else.
		if was, err := os.ReadFile(filepath.Join(d.paths.Receivers(), strconv.Itoa(session))); pid == session && (err != nil || string(was) != start) {
			continue
		}
		leaders[session] = true
		alive = append(alive, pid)
	}
	for leader, lives := range leaders {
		if !lives {
			os.Remove(filepath.Join(d.paths.Receivers(), strconv.Itoa(leader)))
		}
	}
	return alive
}

// processOf reads start time and session of a process; a zombie is gone.
func processOf(pid int) (start string, session int, ok bool) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", 0, false
	}
	// The name may hold anything, so the fields are counted from its closing bracket: state is the first.
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", 0, false
	}
	session, err = strconv.Atoi(fields[3])
	return fields[19], session, err == nil
}
