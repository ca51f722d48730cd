package holder

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// writeHeader tells a server whose connection follows: the PROXY protocol of HAProxy, version 1, which every program that
// knows the protocol understands (haproxy.org/download/1.8/doc/proxy-protocol.txt, section 2.1).
func writeHeader(server net.Conn, c *client, original string) error {
	server.SetWriteDeadline(time.Now().Add(time.Second))
	defer server.SetWriteDeadline(time.Time{})
	_, err := server.Write([]byte(headerOf(c.conn.RemoteAddr(), original, c.port)))
	if err != nil {
		server.Close()
	}
	return err
}

// headerOf says UNKNOWN where it cannot name both ends in one family, as the protocol wants it.
func headerOf(remote net.Addr, original string, port int) string {
	from, err := netip.ParseAddrPort(remote.String())
	to, bad := netip.ParseAddr(original)
	client, asked := from.Addr().Unmap().WithZone(""), to.Unmap().WithZone("")
	if err != nil || bad != nil || client.Is4() != asked.Is4() {
		return "PROXY UNKNOWN\r\n"
	}
	family := "TCP4"
	if client.Is6() {
		family = "TCP6"
	}
	return fmt.Sprintf("PROXY %s %s %s %d %d\r\n", family, client, asked, from.Port(), port)
}
