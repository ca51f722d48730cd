package holder

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	idle     = 2 * time.Minute // as long as the kernel remembers a UDP flow in use (nf_conntrack_udp_timeout_stream)
	sessions = 4096            // at once; datagrams of others are lost, and their senders ask again
)

// Relay carries datagrams to the other side where no rule can: between the families, and for clients on this node.
type Relay struct {
	mu      sync.Mutex
	sockets map[int][]*net.UDPConn
	ports   map[int]int
	peers   map[asked]*net.UDPConn
}

// asked is one client as one socket of ours sees it: who, and by which address of ours.
type asked struct {
	socket *net.UDPConn
	client netip.AddrPort
	here   netip.Addr
}

func NewRelay() *Relay {
	return &Relay{sockets: map[int][]*net.UDPConn{}, ports: map[int]int{}, peers: map[asked]*net.UDPConn{}}
}

// Listen answers where datagrams to each port are to be sent; they go on to the same port of host.
func (r *Relay) Listen(ports []int, host string) (map[int]int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := map[int]int{}
	for _, port := range ports {
		if r.sockets[port] == nil {
			sockets, own, err := openDatagrams()
			if err != nil {
				return nil, fmt.Errorf("cannot listen for datagrams to port %d: %w", port, err)
			}
			r.sockets[port], r.ports[port] = sockets, own
			for _, socket := range sockets {
				go r.serve(socket, net.JoinHostPort(host, fmt.Sprint(port)))
			}
		}
		at[port] = r.ports[port]
	}
	return at, nil
}

// Ports are those that it listens on.
func (r *Relay) Ports() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []int{}
	for _, port := range r.ports {
		list = append(list, port)
	}
	return list
}

// Close ends listening, and forgets all clients.
func (r *Relay) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, sockets := range r.sockets {
		for _, socket := range sockets {
			socket.Close()
		}
	}
	for _, peer := range r.peers {
		peer.Close()
	}
	clear(r.sockets)
	clear(r.ports)
}

// openDatagrams listens on one port of both families; each datagram tells which address of ours it came to.
func openDatagrams() ([]*net.UDPConn, int, error) {
	four, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, 0, err
	}
	sockets, port := []*net.UDPConn{four}, four.LocalAddr().(*net.UDPAddr).Port
	if six, err := net.ListenUDP("udp6", &net.UDPAddr{Port: port}); err == nil { // else no IPv6 on this node
		sockets = append(sockets, six)
	}
	for i, socket := range sockets {
		level, option := unix.IPPROTO_IP, unix.IP_PKTINFO
		if i > 0 {
			level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO
		}
		raw, err := socket.SyscallConn()
		if err == nil {
			raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, 1) })
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return sockets, port, nil
}

func (r *Relay) serve(socket *net.UDPConn, to string) {
	buffer, control := make([]byte, 1<<16), make([]byte, 128)
	for {
		n, controls, _, client, err := socket.ReadMsgUDPAddrPort(buffer, control)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		from := asked{socket, client, cameTo(control[:controls])}
		if peer := r.peer(from, to); peer != nil {
			peer.SetReadDeadline(time.Now().Add(idle))
			peer.Write(buffer[:n])
		}
	}
}

func (r *Relay) peer(from asked, to string) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if peer := r.peers[from]; peer != nil {
		return peer
	}
	if len(r.peers) >= sessions {
		return nil
	}
	conn, err := net.Dial("udp", to)
	if err != nil {
		return nil
	}
	peer := conn.(*net.UDPConn)
	r.peers[from] = peer
	go r.answer(from, peer)
	return peer
}

// answer carries back what the other side says, until it has been silent for a while.
func (r *Relay) answer(from asked, peer *net.UDPConn) {
	defer func() {
		r.mu.Lock()
		delete(r.peers, from)
		r.mu.Unlock()
		peer.Close()
	}()
	buffer, control := make([]byte, 1<<16), sendFrom(from.here)
	for {
		n, err := peer.Read(buffer)
		if os.IsTimeout(err) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // refused: a service that starts may still answer the next one
			continue
		}
		from.socket.WriteMsgUDPAddrPort(buffer[:n], control, from.client)
	}
}

// cameTo reads the address of ours out of what the kernel tells beside a datagram (ip(7), ipv6(7)).
func cameTo(control []byte) netip.Addr {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return netip.Addr{}
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= 12:
			return netip.AddrFrom4([4]byte(m.Data[8:12]))
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= 16:
			return netip.AddrFrom16([16]byte(m.Data[:16]))
		}
	}
	return netip.Addr{}
}

func sendFrom(here netip.Addr) []byte {
	switch {
	case here.Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: here.As4()})
	case here.Is6():
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: here.As16()})
	}
	return nil
}
