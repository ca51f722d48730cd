package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
)

// leading are the listeners on loopback that lead to the other side: a database there is followed through them, so that
// nothing of it is open to a network. Each connection is an ssh of its own, which outlives this program.
type leading struct {
	mu   sync.Mutex
	open map[machine.Way]net.Listener
}

// settleWays listens as the configuration says. A port that is taken is an error; it is tried again.
func (d *Daemon) settleWays(ctx context.Context) error {
	n := d.now()
	wanted := []machine.Way{}
	if n.Config != nil && !n.Tombstone {
		wanted = n.Config.Ways
	}
	d.leading.mu.Lock()
	defer d.leading.mu.Unlock()
	for way, listener := range d.leading.open {
		if !slices.Contains(wanted, way) {
			listener.Close()
			delete(d.leading.open, way)
		}
	}
	for _, way := range wanted {
		if d.leading.open[way] != nil {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", way.Listen))
		if err != nil {
			return fmt.Errorf("the way to port %d of the other side cannot begin at port %d: %w", way.To, way.Listen, err)
		}
		if d.leading.open == nil {
			d.leading.open = map[machine.Way]net.Listener{}
		}
		d.leading.open[way] = listener
		go d.leadTo(listener.(*net.TCPListener), way.To)
	}
	return nil
}

func (d *Daemon) leadTo(listener *net.TCPListener, port int) {
	for {
		conn, err := listener.AcceptTCP()
		if err != nil {
			return
		}
		d.trouble.set(fmt.Sprintf("way to %d", port), nil)
		go func() {
			defer conn.Close()
			d.trouble.set(fmt.Sprintf("way to %d", port), d.lead(conn, port))
		}()
	}
}

// lead gives the connection itself to ssh: no byte passes through here.
func (d *Daemon) lead(conn *net.TCPConn, port int) error {
	n := d.now()
	if n.Config == nil {
		return nil
	}
	end, err := conn.File()
	if err != nil {
		return err
	}
	conn.Close()
	defer end.Close()
	peer := n.Config.Peer
	args := append(peerlink.Options(d.paths, peer), "-T", "-o", "ControlMaster=no", "-o", "ControlPath=none", peer.User+"@"+peer.Address, fmt.Sprintf("way %d", port))
	said, err := os.CreateTemp(d.paths.Runtime(), "ssh-*")
	if err != nil {
		return err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	command := exec.Command("ssh", args...)
	command.Stdin, command.Stdout, command.Stderr = end, end, said
	if err := command.Run(); err != nil {
		words, _ := os.ReadFile(said.Name())
		return fmt.Errorf("%s", lastLine(string(words)))
	}
	return nil
}

// peerWay says whether the other side may have a connection to this port.
func (d *Daemon) peerWay(port int) error {
	n := d.now()
	if n.Config == nil || n.Tombstone || !slices.ContainsFunc(n.Config.Ways, func(way machine.Way) bool { return way.To == port }) {
		return &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("no way leads to port %d here", port)}
	}
	return nil
}
