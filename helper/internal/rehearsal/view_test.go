package rehearsal

import (
	"slices"
	"strings"
	"testing"
)

func mounted(texts ...string) []Mount {
	mounts := []Mount{}
	for _, text := range texts {
		point, kind, _ := strings.Cut(text, " ")
		mounts = append(mounts, Mount{Point: point, Type: kind})
	}
	return mounts
}

func TestSeenAreDisks(t *testing.T) {
	mounts := mounted("/ ext4", "/proc proc", "/run tmpfs", "/srv/shop tmpfs", "/srv/shop xfs", "/dev/shm ext4", "/run/media ext4",
		"/runs btrfs", "/tmp ext4", "/sys/fs/cgroup cgroup2", "/srv ext4")
	want := mounted("/ ext4", "/runs btrfs", "/srv ext4", "/srv/shop xfs")
	if got := Seen(mounts); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestOptionsKeepPathsWhole(t *testing.T) {
	if got := optionText(`/a:b,c\d`); got != `/a\:b\,c\\d` {
		t.Error(got)
	}
}

func TestCounters(t *testing.T) {
	dev := "Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 5 77 0 0 0 0 0 0\n  eth0: 1 1 0 0 0 0 0 0 5 3 0 0 0 0 0 0\n"
	if got := sentBy(dev); got != 3 {
		t.Errorf("%d packets", got)
	}
	snmp := "Ip: Forwarding OutRequests OutNoRoutes\nIp: 1 9 4\nIcmp: InMsgs\nIcmp: 0\n"
	if got := noRoutes(snmp) + noRoutes("Ip6InReceives 5\nIp6OutNoRoutes 2\n"); got != 6 {
		t.Errorf("%d without a way", got)
	}
}
