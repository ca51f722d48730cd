package client

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestDialRelayPassesOverControllersThatAreGone(t *testing.T) {
	folder := t.TempDir()
	if _, err := dialRelay(folder); err == nil {
		t.Fatal("an empty folder was connected to")
	}
	listen := func(name string) *net.UnixListener {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(folder, name), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		listener.SetUnlinkOnClose(false)
		return listener
	}
	old, gone := listen("1.sock"), listen("2.sock")
	defer old.Close()
	gone.Close()
	conn, err := dialRelay(folder)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := os.Stat(filepath.Join(folder, "2.sock")); !os.IsNotExist(err) {
		t.Fatalf("the socket of a controller that is gone stays: %v", err)
	}
}
