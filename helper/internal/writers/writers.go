// Package writers finds who could still change the data: files under a root that are open or mapped for writing, in any
// mount namespace.
package writers

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

type Writer struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
	Path    string `json:"path"`
	How     string `json:"how"` // open or mapped
}

// Ignore says that changes to this path, relative to its root, do not matter.
type Ignore func(root, relative string) bool

// Find walks /proc once, past this program itself. It names at most 50.
func Find(roots []string, ignore Ignore) ([]Writer, error) { return find(roots, ignore, true) }

func find(roots []string, ignore Ignore, pastSelf bool) ([]Writer, error) {
	self, err := readMounts("self")
	if err != nil {
		return nil, err
	}
	wanted := []place{}
	for _, root := range roots {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			return nil, fmt.Errorf("root %s: %w", root, err)
		}
		var stat unix.Stat_t
		if err := unix.Stat(real, &stat); err != nil {
			return nil, fmt.Errorf("root %s: %w", root, err)
		}
		found, ok := self.locate(real)
		if !ok {
			return nil, fmt.Errorf("root %s lies on no mount that is known", root)
		}
		found.root, found.stat = root, stat.Dev
		wanted = append(wanted, found)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	search := search{wanted: wanted, ignore: ignore, found: []Writer{}}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && !(pastSelf && pid == os.Getpid()) && len(search.found) < 50 {
			search.process(pid)
		}
	}
	return search.found, nil
}

type search struct {
	wanted []place
	ignore Ignore
	found  []Writer
}

func (s *search) process(pid int) {
	proc := "/proc/" + strconv.Itoa(pid)
	links, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return // gone, or a kernel thread
	}
	var mounts *mountTable // read only when something of interest is open
	within := func(path string, device uint64) (string, bool) {
		if mounts == nil {
			if mounts, err = readMounts(strconv.Itoa(pid)); err != nil {
				return path, true // gone meanwhile, or not readable: better named than missed
			}
		}
		return s.inRoot(mounts, path, device)
	}
	for _, link := range links {
		var stat unix.Stat_t
		if unix.Stat(proc+"/fd/"+link.Name(), &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG || !s.device(stat.Dev) {
			continue
		}
		if !writable(proc + "/fdinfo/" + link.Name()) {
			continue
		}
		path, _ := os.Readlink(proc + "/fd/" + link.Name())
		if shown, in := within(path, stat.Dev); in {
			s.add(pid, shown, "open")
		}
	}
	s.maps(pid, proc, within)
}

// maps looks for shared writable mappings, whose file may have been closed long ago.
func (s *search) maps(pid int, proc string, within func(string, uint64) (string, bool)) {
	file, err := os.Open(proc + "/maps")
	if err != nil {
		return
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), " ", 6)
		if len(fields) < 6 || len(fields[1]) < 4 || fields[1][1] != 'w' || fields[1][3] != 's' {
			continue
		}
		path := strings.TrimLeft(fields[5], " ")
		if !strings.HasPrefix(path, "/") {
			continue
		}
		var stat unix.Stat_t
		if unix.Stat(proc+"/map_files/"+fields[0], &stat) != nil && unix.Stat(proc+"/root"+path, &stat) != nil {
			continue
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFREG || !s.device(stat.Dev) {
			continue
		}
		if shown, in := within(path, stat.Dev); in {
			s.add(pid, shown, "mapped")
		}
	}
}

func (s *search) device(device uint64) bool {
	for _, root := range s.wanted {
		if root.stat == device {
			return true
		}
	}
	return false
}

// inRoot compares places on the file system, not names: a container sees the same file under another path.
func (s *search) inRoot(mounts *mountTable, path string, device uint64) (string, bool) {
	path, deleted := strings.CutSuffix(path, " (deleted)")
	if deleted {
		return "", false // no name leads to it any more, nothing of it is copied
	}
	at, ok := mounts.locate(path)
	if !ok {
		return path, true // not to be placed: better named than missed
	}
	for _, root := range s.wanted {
		if root.stat != device || root.device != at.device {
			continue
		}
		relative, err := filepath.Rel(root.inside, at.inside)
		if err != nil || relative == ".." || strings.HasPrefix(relative, "../") {
			continue
		}
		if s.ignore != nil && s.ignore(root.root, relative) {
			return "", false
		}
		return filepath.Join(root.root, relative), true
	}
	return "", false
}

func (s *search) add(pid int, path, how string) {
	for _, known := range s.found {
		if known.PID == pid && known.Path == path {
			return
		}
	}
	name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	s.found = append(s.found, Writer{pid, strings.TrimSpace(string(name)), path, how})
}

func writable(fdinfo string) bool {
	content, err := os.ReadFile(fdinfo)
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(content), "\n") {
		if value, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(value), 8, 64)
			return err != nil || flags&unix.O_ACCMODE != unix.O_RDONLY
		}
	}
	return false
}
