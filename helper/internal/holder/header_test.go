package holder

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestHeaderNamesBothEnds(t *testing.T) {
	for _, c := range []struct{ remote, original, want string }{
		{"192.0.2.7:4711", "198.51.100.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"},
		{"[2001:db8::7]:4711", "2001:db8::1", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n"},
		{"[::ffff:192.0.2.7]:4711", "198.51.100.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"},
		{"[fe80::7%eth0]:4711", "fe80::1", "PROXY TCP6 fe80::7 fe80::1 4711 25\r\n"},
		{"192.0.2.7:4711", "2001:db8::1", "PROXY UNKNOWN\r\n"},
		{"192.0.2.7:4711", "", "PROXY UNKNOWN\r\n"},
	} {
		remote := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.remote))
		if got := headerOf(remote, c.original, 25); got != c.want {
			t.Errorf("%s -> %s: %q", c.remote, c.original, got)
		}
	}
}

// The header comes first, whole, once, and what the client sends after it; a target without one gets none.
func TestHeaderComesBeforeTheFirstByte(t *testing.T) {
	for _, header := range []bool{true, false} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		h, address := start(t, 25)
		h.Pass(func(int, string) []Place { return []Place{{l.Addr().String(), header}} })
		conn := dial(t, address)
		io.WriteString(conn, "HELO\n")
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		first, err := bufio.NewReader(server).ReadString('\n')
		if err != nil || strings.HasPrefix(first, "PROXY ") != header || !header && first != "HELO\n" {
			t.Errorf("header %v: %q %v", header, first, err)
		}
	}
}
