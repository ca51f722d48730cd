package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lifeboat/helper/internal/writers"

	"golang.org/x/sys/unix"
)

// Mount is a disk of this node, where it is mounted.
type Mount = writers.MountPoint

// onDisk are file systems whose files are still there after a boot: a service finds them when it is started in earnest.
var onDisk = []string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "overlay", "vfat", "nfs", "nfs4", "squashfs", "erofs"}

// Seen are the mounts that a view shows: disks, below none of the folders that a view has itself. Of several at one point
// the last one is seen.
func Seen(mounts []Mount) []Mount {
	seen := []Mount{}
	for _, m := range mounts {
		if !slices.Contains(onDisk, m.Type) || hidden(m.Point) {
			continue
		}
		seen = slices.DeleteFunc(seen, func(other Mount) bool { return other.Point == m.Point })
		seen = append(seen, m)
	}
	slices.SortStableFunc(seen, func(a, b Mount) int { return strings.Compare(a.Point, b.Point) })
	return seen
}

func hidden(point string) bool {
	return slices.ContainsFunc([]string{"/proc", "/sys", "/dev", "/run", "/tmp"}, func(own string) bool { return point == own || strings.HasPrefix(point, own+"/") })
}

// Open mounts a view: what is written to it goes to memory, `most` bytes of it, and no disk changes. A disk that cannot be
// shown so is shown for reading, or fails it when one of `roots`, the copied folders, lies on it.
func Open(p Place, roots []string, most int64) error {
	mounts, err := writers.MountPoints()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.Folder, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("lifeboat", p.Folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", most)); err != nil {
		return fmt.Errorf("no memory for a view: %w", err)
	}
	// What is mounted and unmounted here is nobody else's.
	if err := unix.Mount("", p.Folder, "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := os.Mkdir(p.View(), 0o755); err != nil {
		return err
	}
	for i, m := range Seen(mounts) {
		at := filepath.Join(p.View(), m.Point)
		err := overlay(m.Point, at, filepath.Join(p.Folder, fmt.Sprintf("layer-%d", i)))
		if err == nil {
			continue
		}
		if m.Point == "/" || slices.ContainsFunc(roots, func(root string) bool { return below(m.Point, root) || below(root, m.Point) }) {
			return fmt.Errorf("%s (%s) cannot be shown copy-on-write: %w", m.Point, m.Type, err)
		}
		readOnly(m.Point, at)
	}
	return ownFolders(p)
}

func below(folder, path string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// overlay shows `lower` at a place; changes go to `layer`. The top folder of a view is that of its layer.
func overlay(lower, at, layer string) error {
	upper, work := filepath.Join(layer, "upper"), filepath.Join(layer, "work")
	for _, dir := range []string{upper, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	var stat unix.Stat_t
	if err := unix.Stat(lower, &stat); err != nil {
		return err
	}
	if err := os.Chown(upper, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	if err := unix.Chmod(upper, stat.Mode&0o7777); err != nil {
		return err
	}
	return unix.Mount("overlay", at, "overlay", 0, "lowerdir="+optionText(lower)+",upperdir="+upper+",workdir="+work)
}

// optionText keeps a path whole among the options of an overlay.
func optionText(path string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `:`, `\:`).Replace(path)
}

func readOnly(from, at string) {
	if unix.Mount(from, at, "", unix.MS_BIND, "") == nil && unix.Mount("", at, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "") != nil {
		unix.Unmount(at, unix.MNT_DETACH)
	}
}

// ownFolders: /run holds the sockets of this node's own services, which a rehearsal must not reach.
func ownFolders(p Place) error {
	for name, mode := range map[string]uint32{"run": 0o755, "tmp": 0o1777} {
		from, at := filepath.Join(p.Folder, name), filepath.Join(p.View(), name)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		if err := os.Mkdir(from, 0o755); err != nil {
			return err
		}
		if err := unix.Chmod(from, mode); err != nil {
			return err
		}
		if err := unix.Mount(from, at, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	lock := filepath.Join(p.View(), "run/lock")
	if err := os.Mkdir(lock, 0o755); err != nil {
		return err
	}
	return unix.Chmod(lock, 0o1777)
}

// Used is how many bytes of memory a view has taken, and of how many.
func Used(p Place) (used, most int64) {
	var stat unix.Statfs_t
	if unix.Statfs(p.Folder, &stat) != nil {
		return 0, 0
	}
	return int64(stat.Blocks-stat.Bfree) * stat.Bsize, int64(stat.Blocks) * stat.Bsize
}

// Close takes a view away, also one that was opened half. Safe to repeat.
func Close(p Place) error {
	mounts, err := writers.MountPoints()
	if err != nil {
		return err
	}
	slices.Reverse(mounts)
	for _, m := range mounts {
		if below(p.Folder, m.Point) {
			// Who still looks at it keeps it until they end; nobody finds it any more.
			if err := unix.Unmount(m.Point, unix.MNT_DETACH); err != nil {
				return fmt.Errorf("%s stays mounted: %w", m.Point, err)
			}
		}
	}
	// Nothing is mounted below any more: an empty folder, or none.
	if err := os.Remove(p.Folder); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
