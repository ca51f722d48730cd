package writers

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

const table = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 8:16 / /srv rw - ext4 /dev/sdb rw
31 22 8:16 /shop/data /var/lib/docker/merged/data rw - ext4 /dev/sdb rw
32 22 8:17 /with\040space /mnt/a\040b rw - ext4 /dev/sdb1 rw
33 30 8:18 / /srv/other rw - ext4 /dev/sdc rw
`

func TestLocate(t *testing.T) {
	mounts := parseMounts(table)
	for path, want := range map[string]place{
		"/srv/shop/data/f":              {device: unix.Mkdev(8, 16), inside: "/shop/data/f"},
		"/var/lib/docker/merged/data/f": {device: unix.Mkdev(8, 16), inside: "/shop/data/f"},
		"/srv/other/x":                  {device: unix.Mkdev(8, 18), inside: "/x"},
		"/srvx/y":                       {device: unix.Mkdev(8, 1), inside: "/srvx/y"},
		"/mnt/a b/c":                    {device: unix.Mkdev(8, 17), inside: "/with space/c"},
		"/srv":                          {device: unix.Mkdev(8, 16), inside: ""},
	} {
		if got, ok := mounts.locate(path); !ok || got != want {
			t.Errorf("%s: %+v, not %+v", path, got, want)
		}
	}
}

func TestWritersAreFoundInAnyGuise(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to see other processes")
	}
	root := t.TempDir()
	write := func(name string) *os.File {
		f, err := os.OpenFile(filepath.Join(root, name), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Truncate(4096)
		return f
	}
	open, mapped, read, cached := write("open"), write("mapped"), write("read"), write("cache")
	memory, err := unix.Mmap(int(mapped.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(memory)
	mapped.Close()
	read.Close()
	reader, _ := os.Open(filepath.Join(root, "read"))
	defer reader.Close()
	seen, err := unix.Mmap(int(reader.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(seen)
	defer open.Close()
	defer cached.Close()
	found, err := find([]string{root}, func(_, relative string) bool { return relative == "cache" }, false)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, w := range found {
		if w.PID == os.Getpid() {
			got = append(got, w.How+" "+w.Path)
		}
	}
	slices.Sort(got)
	if want := []string{"mapped " + root + "/mapped", "open " + root + "/open"}; !slices.Equal(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
}
