// Package roots says which folder on which file system a path is right now: a pass that deletes must find the same one.
package roots

import (
	"fmt"
	"path/filepath"
	"strings"

	"lifeboat/helper/internal/machine"

	"golang.org/x/sys/unix"
)

// Identify reads device, UUID of the file system (empty when udev knows none) and inode of a folder.
func Identify(path string) (machine.RootID, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return machine.RootID{}, fmt.Errorf("root %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		return machine.RootID{}, fmt.Errorf("root %s is not a folder", path)
	}
	device := fmt.Sprintf("%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev))
	return machine.RootID{Device: device, FsUUID: uuidOf(device, path), Inode: stat.Ino}, nil
}

// uuidOf follows the links that udev keeps by UUID; a node without udev still has the file system's own id.
func uuidOf(device, path string) string {
	links, _ := filepath.Glob("/dev/disk/by-uuid/*")
	for _, link := range links {
		var stat unix.Stat_t
		if unix.Stat(link, &stat) == nil && fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev)) == device {
			return filepath.Base(link)
		}
	}
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) == nil && (fs.Fsid.Val[0] != 0 || fs.Fsid.Val[1] != 0) {
		return fmt.Sprintf("fsid-%08x%08x", uint32(fs.Fsid.Val[0]), uint32(fs.Fsid.Val[1]))
	}
	return ""
}

// Same says whether a path is still what it was. The device number may change with a reboot, so it does not count.
func Same(path string, was machine.RootID) error {
	is, err := Identify(path)
	if err != nil {
		return err
	}
	if is.Inode != was.Inode || is.FsUUID != was.FsUUID {
		return fmt.Errorf("%s is not the folder that was configured (inode %d on %s, was %d on %s): is its volume mounted?", path, is.Inode, is.FsUUID, was.Inode, was.FsUUID)
	}
	return nil
}

// Within answers the name of a path relative to a root that it is in, "." for the root itself. Both are clean and without
// links; the root may be that of the whole system.
func Within(root, path string) (string, bool) {
	if path == root {
		return ".", true
	}
	return strings.CutPrefix(path, strings.TrimSuffix(root, "/")+"/")
}

// Flush writes the file system of a folder to its disk, and waits for that.
func Flush(path string) error {
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("root %s: %w", path, err)
	}
	defer unix.Close(dir)
	if err := unix.Syncfs(dir); err != nil {
		return fmt.Errorf("root %s: %w", path, err)
	}
	return nil
}
