package manifest

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// describe is a line without its last field: root's number, path, type, size, mode, uid, gid, mtime in ns, link target,
// device numbers, digest of the extended attributes. The root's own mtime is left out: what a sync puts aside changes it.
func describe(index int, job Job, full, relative string, stat *unix.Stat_t) (string, error) {
	kind, size, link, device := "?", "-", "-", "-"
	mtime := strconv.FormatInt(stat.Mtim.Sec*1e9+stat.Mtim.Nsec, 10)
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind, size = "f", strconv.FormatInt(stat.Size, 10)
	case unix.S_IFDIR:
		kind = "d"
	case unix.S_IFLNK:
		target, err := os.Readlink(full)
		if errors.Is(err, unix.EINVAL) {
			return "", errOther
		}
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
	if relative == "." || kind == "d" && job.TimelessFolders {
		mtime = "-"
	}
	user, group := job.Owners.of(stat)
	attributes, err := xattrs(full)
	if err != nil {
		return "", fmt.Errorf("attributes of %s: %w", full, err)
	}
	return strings.Join([]string{
		strconv.Itoa(index), quote(relative), kind, size, fmt.Sprintf("%04o", stat.Mode&0o7777),
		strconv.Itoa(int(user)), strconv.Itoa(int(group)), mtime, link, device, attributes,
	}, "\t"), nil
}

// fields is a whole line of a name that is not described by itself.
func fields(index int, relative string, rest ...string) string {
	return strconv.Itoa(index) + "\t" + quote(relative) + "\t" + strings.Join(rest, "\t") + "\n"
}

var quoting = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`)

// quote keeps a name on one line and in one field.
func quote(name string) string { return quoting.Replace(name) }
