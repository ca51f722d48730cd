package manifest

import (
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// listed writes the names of a job and the folders above them, in byte order; a name that is not there has a line too. No
// link on the way is followed, and what is mounted below is not part of the root: nothing is there.
func (w *writer) listed(index int, job Job, real string, device uint64) error {
	folders := map[string]bool{".": true}
	for _, name := range withFolders(job.Names) {
		if name == "." || job.Exclude(name) {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		var stat unix.Stat_t
		there := folders[filepath.Dir(name)]
		if there {
			err := unix.Lstat(real+"/"+name, &stat)
			if err != nil && err != unix.ENOENT && err != unix.ENAMETOOLONG {
				return fmt.Errorf("%s: %w", name, err)
			}
			there = err == nil
		}
		if there && stat.Mode&unix.S_IFMT == unix.S_IFDIR {
			if job.Exclude(name + "/.") {
				continue
			}
			folders[name] = stat.Dev == device
		}
		if !there {
			w.put(line{fields(index, name, "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"), nil})
			continue
		}
		w.entry(index, job, real+"/"+name, name, &stat)
	}
	return nil
}

// withFolders adds the folders above each name. A folder sorts before what is in it.
func withFolders(names []string) []string {
	all := map[string]struct{}{}
	for _, name := range names {
		for ; name != "."; name = filepath.Dir(name) {
			if _, seen := all[name]; seen {
				break
			}
			all[name] = struct{}{}
		}
	}
	sorted := make([]string, 0, len(all))
	for name := range all {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}
