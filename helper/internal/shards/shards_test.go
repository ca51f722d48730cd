package shards

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/quick"

	"golang.org/x/sys/unix"
)

// No shard is heavier than an equal share and the heaviest unit, and each unit has one.
func TestAssignIsBalanced(t *testing.T) {
	balanced := func(weights []uint32, parts uint8) bool {
		count := int(parts%8) + 1
		units, total, heaviest := []unit{}, int64(0), int64(0)
		weightOf := map[any]int64{}
		for i, weight := range weights {
			units = append(units, unit{i, int64(weight)})
			weightOf[i] = int64(weight)
			total += int64(weight)
			heaviest = max(heaviest, int64(weight))
		}
		loads := make([]int64, count)
		shards := assign(units, count)
		for key, shard := range shards {
			loads[shard] += weightOf[key]
		}
		return len(shards) == len(weights) && slices.Max(loads) <= total/int64(count)+heaviest+1
	}
	if err := quick.Check(balanced, nil); err != nil {
		t.Error(err)
	}
}

// grow makes a random tree: folders in folders, odd names, empty and sparse big files, names of one inode far apart.
func grow(t *testing.T, random *rand.Rand) string {
	root := t.TempDir()
	folders := []string{root}
	files := []string{}
	for i := range 20 + random.IntN(200) {
		folder := folders[random.IntN(len(folders))]
		name := filepath.Join(folder, []string{"", "#", ";", "a b\n", "\xff", "cache"}[random.IntN(6)]+fmt.Sprint(i))
		switch kind := random.IntN(10); {
		case kind == 0 && len(files) > 0:
			must(t, os.Link(files[random.IntN(len(files))], name))
		case kind == 1:
			must(t, os.Symlink("nowhere", name))
		case kind < 4:
			must(t, os.Mkdir(name, 0o755))
			folders = append(folders, name)
		default:
			must(t, os.WriteFile(name, nil, 0o644))
			size := random.Int64N(64 << 10)
			if kind == 9 {
				size = random.Int64N(3 * bigFile)
			}
			must(t, os.Truncate(name, size))
			files = append(files, name)
		}
	}
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exclude(name string) bool { return strings.HasPrefix(filepath.Base(name), "cache") }

type found struct {
	inode  uint64
	folder bool
}

// namesOf is the tree by another way than the one that is tested.
func namesOf(root string) map[string]found {
	names := map[string]found{}
	filepath.Walk(root, func(path string, info fs.FileInfo, err error) error {
		name, _ := filepath.Rel(root, path)
		if name == "." {
			return nil
		}
		if exclude(name) {
			if info.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		names[name] = found{info.Sys().(*syscall.Stat_t).Ino, info.IsDir()}
		return nil
	})
	return names
}

// entriesOf is what rsync sends of a list: a folder with a slash stands for itself and for all in it that is no folder.
func entriesOf(list string, wanted map[string]found) []string {
	entries := []string{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		name := filepath.Clean(entry)
		if name != "." {
			entries = append(entries, name)
		}
		for other, it := range wanted {
			if strings.HasSuffix(entry, "/") && filepath.Dir(other) == name && !it.folder {
				entries = append(entries, other)
			}
		}
	}
	return entries
}

func TestEveryNameIsInOneShardAndInodesStayTogether(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		root := grow(t, random)
		count := 1 + random.IntN(6)
		lists, err := Write(context.Background(), filepath.Join(t.TempDir(), "shard"), Job{root, exclude, count})
		must(t, err)
		wanted := namesOf(root)
		shardOf, inodes, loads, total := map[string]int{}, map[uint64]int{}, make([]int64, count), int64(0)
		for shard, list := range lists {
			content, err := os.ReadFile(list.File)
			must(t, err)
			for _, name := range entriesOf(string(content), wanted) {
				if before, twice := shardOf[name]; twice {
					t.Fatalf("seed %d: %q is in shards %d and %d", seed, name, before, shard)
				}
				shardOf[name] = shard
				it, is := wanted[name]
				number := it.inode
				if !is {
					t.Fatalf("seed %d: %q is listed and not wanted", seed, name)
				}
				if before, seen := inodes[number]; seen && before != shard {
					t.Fatalf("seed %d: %q is in shard %d, another name of it in %d", seed, name, shard, before)
				}
				info, err := os.Lstat(filepath.Join(root, name))
				must(t, err)
				weight := int64(nameCost)
				if _, seen := inodes[number]; !seen && info.Mode().IsRegular() {
					weight += info.Size()
				}
				inodes[number] = shard
				loads[shard] += weight
				total += weight
			}
		}
		if len(shardOf) != len(wanted) {
			t.Fatalf("seed %d: %d of %d names are listed", seed, len(shardOf), len(wanted))
		}
		// The heaviest unit there may be: the largest file with its names, or a folder's part with its uneven hashes.
		if most := total/int64(count) + 3*bigFile + 50*nameCost; slices.Max(loads) > most {
			t.Fatalf("seed %d: shards weigh %v, more than %d", seed, loads, most)
		}
	}
}

func TestAFolderOfManyFilesIsDivided(t *testing.T) {
	root := t.TempDir()
	for i := range 2000 {
		must(t, os.WriteFile(filepath.Join(root, fmt.Sprint(i)), nil, 0o644))
	}
	lists, err := Write(context.Background(), filepath.Join(t.TempDir(), "shard"), Job{root, exclude, 4})
	must(t, err)
	for _, list := range lists {
		if list.Names < 400 || list.Names > 600 {
			t.Fatalf("2000 files of one folder go as %v", lists)
		}
	}
}

// What is mounted below is another file system: its folder is listed, nothing in it.
func TestWhatIsMountedBelowIsNotListed(t *testing.T) {
	runtime.LockOSThread() // never given back: this thread has mounts of its own
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Skipf("a mount of its own: %v", err)
	}
	root := t.TempDir()
	must(t, os.Mkdir(filepath.Join(root, "other"), 0o755))
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("none", filepath.Join(root, "other"), "tmpfs", 0, ""))
	must(t, os.WriteFile(filepath.Join(root, "other/inside"), nil, 0o644))
	lists, err := Write(context.Background(), filepath.Join(t.TempDir(), "shard"), Job{root, exclude, 1})
	must(t, err)
	content, err := os.ReadFile(lists[0].File)
	must(t, err)
	must(t, unix.Unmount(filepath.Join(root, "other"), unix.MNT_DETACH))
	if string(content) != "other\x00" {
		t.Fatalf("listed: %q", content)
	}
}
