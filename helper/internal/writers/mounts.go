package writers

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// place is a path as its file system knows it.
type place struct {
	device uint64 // as the mount table has it
	inside string // path from the root of that file system
	stat   uint64 // as stat has it: another number for a subvolume of btrfs
	root   string // the configured root, as it was written
}

type mount struct {
	device uint64
	inside string // what part of the file system is mounted
	point  string // where
}

type mountTable struct{ mounts []mount }

// MountPoint is where a file system of some type is mounted.
type MountPoint struct{ Point, Type string }

// MountPoints are those that this program sees, in the order in which they were mounted on each other.
func MountPoints() ([]MountPoint, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMountPoints(string(content)), nil
}

// parseMountPoints reads the fifth field of mountinfo, and the first one after the lone hyphen.
func parseMountPoints(text string) []MountPoint {
	points := []MountPoint{}
	for _, line := range strings.Split(text, "\n") {
		before, after, ok := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if ok && len(place) >= 5 && len(kind) >= 1 {
			points = append(points, MountPoint{unescape(place[4]), kind[0]})
		}
	}
	return points
}

func readMounts(process string) (*mountTable, error) {
	content, err := os.ReadFile("/proc/" + process + "/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(string(content)), nil
}

// parseMounts reads proc(5) mountinfo: id, parent, major:minor, root, mount point, …
func parseMounts(text string) *mountTable {
	table := &mountTable{}
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		major, minor, ok := strings.Cut(fields[2], ":")
		maj, err1 := strconv.ParseUint(major, 10, 32)
		min, err2 := strconv.ParseUint(minor, 10, 32)
		if !ok || err1 != nil || err2 != nil {
			continue
		}
		table.mounts = append(table.mounts, mount{unix.Mkdev(uint32(maj), uint32(min)), unescape(fields[3]), unescape(fields[4])})
	}
	return table
}

// locate finds the mount that a path lies on; of several at one point the last one is seen.
func (t *mountTable) locate(path string) (place, bool) {
	best, found := mount{}, false
	for _, m := range t.mounts {
		if under(m.point, path) && (!found || len(m.point) >= len(best.point)) {
			best, found = m, true
		}
	}
	if !found {
		return place{}, false
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(path, strings.TrimSuffix(best.point, "/")), "/")
	inside := strings.TrimSuffix(strings.TrimSuffix(best.inside, "/")+"/"+rest, "/")
	return place{device: best.device, inside: inside}, true
}

func under(point, path string) bool {
	return point == "/" || path == point || strings.HasPrefix(path, point+"/")
}

// unescape turns \040 and the like back into what they stand for.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	out := strings.Builder{}
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
