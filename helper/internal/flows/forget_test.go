package flows

import (
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestForgetsFlowsToThePortsAndNoOthers(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and nft")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with its namespace
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, command := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new accept"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%v: %s", err, out)
		}
	}
	for _, address := range []string{"127.0.0.1:5353", "127.0.0.1:5354", "127.0.0.1:5355", "[::1]:5353"} {
		here := listen(t, address)
		conn, err := net.Dial("udp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.Write([]byte("who?"))
		here.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, _, err := here.ReadFrom(make([]byte, 9)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct {
		ports []int
		count int
	}{{[]int{5353, 5354}, 3}, {[]int{5353, 5354}, 0}, {[]int{9}, 0}, {nil, 0}, {[]int{5355}, 1}} {
		if count, err := Forget(want.ports); err != nil || count != want.count {
			t.Errorf("to %v: %d flows (%v), expected %d", want.ports, count, err, want.count)
		}
	}
}

func listen(t *testing.T, address string) net.PacketConn {
	t.Helper()
	here, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close() })
	return here
}

func FuzzFlowsOfAnyShape(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 8, 0, 1, 128, 4, 0, 2, 128})
	f.Fuzz(func(_ *testing.T, flow []byte) {
		if leadsTo(flow, []int{53}) {
			naming(flow)
		}
	})
}
