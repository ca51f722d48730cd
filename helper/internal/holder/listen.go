package holder

import (
	"errors"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// listener is one port of our own on both families. They are sockets of their own: the kernel tells the original
// destination of an IPv4 client only on an IPv4 socket.
type listener struct {
	port    int
	sockets []*net.TCPListener
}

func open() (*listener, error) {
	var last error
	for range 20 {
		four, err := net.Listen("tcp4", "0.0.0.0:0")
		if err != nil {
			return nil, err
		}
		l := &listener{port: four.Addr().(*net.TCPAddr).Port, sockets: []*net.TCPListener{four.(*net.TCPListener)}}
		six, err := net.Listen("tcp6", "[::]:"+strconv.Itoa(l.port))
		switch {
		case err == nil:
			l.sockets = append(l.sockets, six.(*net.TCPListener))
		case errors.Is(err, unix.EADDRINUSE):
			l.close()
			last = err
			continue // somebody else has that number on IPv6 only: take another
		default: // no IPv6 on this node
		}
		for _, socket := range l.sockets {
			deepen(socket)
		}
		return l, nil
	}
	return nil, last
}

// deepen asks for the backlog again: Go reads somaxconn once, before it was raised for the hold.
func deepen(socket *net.TCPListener) {
	if raw, err := socket.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.Listen(int(fd), 65535) })
	}
}

func (l *listener) close() {
	for _, socket := range l.sockets {
		socket.Close()
	}
}
