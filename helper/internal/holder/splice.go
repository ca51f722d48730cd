package holder

import (
	"io"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// join carries bytes both ways until both ends are through. An orderly end of one direction is passed on as such, so
// that protocols with half-closed connections work; a broken one breaks both.
func join(client, server *net.TCPConn) {
	defer client.Close()
	defer server.Close()
	done := make(chan error, 2)
	go carry(server, client, done)
	go carry(client, server, done)
	for range 2 {
		if err := <-done; err != nil {
			client.SetLinger(0)
			server.SetLinger(0)
			return
		}
	}
}

func carry(to, from *net.TCPConn, done chan<- error) {
	_, err := io.Copy(to, from) // splice(2): nothing is copied into this program
	if err == nil {
		err = to.CloseWrite()
	}
	done <- err
}

// goneAway says whether a client has broken its connection off while it waited. A client that only ended its own
// direction still waits for an answer.
func goneAway(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(poll, 0)
		gone = err == nil && n > 0 && poll[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
	})
	return gone
}

const soOriginalDst = 80 // linux/netfilter_ipv4.h, and the same number for IPv6

// originalDestination is the address that the client wanted before the rule turned it here; empty when unknown.
func originalDestination(conn *net.TCPConn) string {
	raw, err := conn.SyscallConn()
	if err != nil {
		return ""
	}
	var found netip.Addr
	raw.Control(func(fd uintptr) {
		local, _ := conn.LocalAddr().(*net.TCPAddr)
		if local != nil && local.IP.To4() != nil {
			var a unix.RawSockaddrInet4
			if sockopt(fd, unix.SOL_IP, unsafe.Pointer(&a), unsafe.Sizeof(a)) {
				found = netip.AddrFrom4(a.Addr)
			}
			return
		}
		var a unix.RawSockaddrInet6
		if sockopt(fd, unix.SOL_IPV6, unsafe.Pointer(&a), unsafe.Sizeof(a)) {
			found = netip.AddrFrom16(a.Addr)
		}
	})
	if !found.IsValid() {
		return ""
	}
	return found.String()
}

func sockopt(fd uintptr, level int, value unsafe.Pointer, size uintptr) bool {
	length := uint32(size)
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, uintptr(level), soOriginalDst, uintptr(value), uintptr(unsafe.Pointer(&length)), 0)
	return errno == 0
}
