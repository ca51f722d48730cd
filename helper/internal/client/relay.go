package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"lifeboat/helper/internal/paths"
)

// Relay connects stdin and stdout with the peer's sshd by a socket that a controller listens on here (ssh -R): what ssh
// uses in place of a connection of its own where this node does not reach the peer.
func Relay(p paths.Paths, input io.Reader, output io.Writer) error {
	conn, err := dialRelay(p.Relays())
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		io.Copy(conn, input)
		conn.(*net.UnixConn).CloseWrite()
	}()
	_, err = io.Copy(output, conn)
	return err
}

// dialRelay takes the newest socket, by its name, that somebody listens on. One of a controller that is gone stays
// behind and refuses; it is taken away.
func dialRelay(folder string) (net.Conn, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	slices.Reverse(entries)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".sock") {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		conn, err := net.Dial("unix", path)
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			os.Remove(path)
		}
	}
	return nil, fmt.Errorf("no controller carries this connection")
}
