package daemon

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/roots"

	"golang.org/x/sys/unix"
)

var passName = regexp.MustCompile(`^\w[\w-]{0,80}$`)

// putAside carries over deletions: names that are gone on the other side go to where a sync keeps what it deletes. rsync
// has an option for it, which the security updates of May 2026 broke on many distributions (RsyncProject/rsync #910).
func (d *Daemon) putAside(_ context.Context, r request) (answer, error) {
	var f struct {
		Root, Pass string
		Names      []byte // NUL-separated, relative to the root; base64 in JSON
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if !passName.MatchString(f.Pass) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%q is no name of a pass", f.Pass)}
	}
	d.effects.Lock() // a promotion waits for this, or finds it refused
	defer d.effects.Unlock()
	n := d.now()
	d.mu.Lock()
	err := d.mayReceive()
	if err == nil {
		d.admitted[f.Root]++
	}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	was, known := n.Roots[f.Root]
	if !known {
		return nil, &machine.Refusal{Code: machine.Usage, Text: f.Root + " is no root of this move"}
	}
	if err := roots.Same(f.Root, was); err != nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
	}
	keeps := func(name string) bool { return excluded(n.Config, f.Root, name) }
	moved, left := 0, 0
	for _, name := range bytes.Split(f.Names, []byte{0}) {
		if len(name) == 0 {
			continue
		}
		was, err := moveAside(f.Root, strings.TrimPrefix(string(name), "./"), f.Pass, keeps)
		switch {
		case err != nil:
			left++
		case was:
			moved++
		}
	}
	return answer{"moved": moved, "left": left}, nil
}

// moveAside says whether something was there. No link on the way is followed. What a move leaves out is left where it
// is, and with it the folder that holds it: then this fails.
func moveAside(root, name, pass string, keeps func(string) bool) (bool, error) {
	if keeps(name) || !filepath.IsLocal(name) {
		return false, fmt.Errorf("%q is none of the names of this move", name)
	}
	how := &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV}
	at, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(at)
	folder, err := unix.Openat2(at, filepath.Dir(name), how)
	if err != nil {
		return false, nil // where nothing can be, nothing is
	}
	defer unix.Close(folder)
	var stat unix.Stat_t
	if unix.Fstatat(folder, filepath.Base(name), &stat, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return false, nil
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFDIR && holdsKept(root, name, keeps) {
		return false, fmt.Errorf("%q holds what is left out", name)
	}
	there := filepath.Join(root, aside, pass, name)
	if err := os.MkdirAll(filepath.Dir(there), 0o700); err != nil {
		return false, err
	}
	return true, unix.Renameat(folder, filepath.Base(name), unix.AT_FDCWD, there)
}

func holdsKept(root, name string, keeps func(string) bool) bool {
	found := false
	filepath.WalkDir(filepath.Join(root, name), func(path string, _ fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(root, path)
		if found = found || err != nil || keeps(relative); found {
			return fs.SkipAll
		}
		return nil
	})
	return found
}
