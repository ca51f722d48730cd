package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Only connections that begin are matched. A NAT table that is loaded while connections run would otherwise seize their
// next packet as well, as conntrack takes it for a new flow, and the client would see a reset.
const begins = "tcp flags & (fin|syn|rst|ack) == syn"

// Before the destination NAT of Docker (-100): its published ports are caught too.
const early = "-110"

type script struct{ lines []string }

func (s *script) add(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// replace empties a table, whatever it holds, and gives it its new lines: all in one transaction.
func (s *script) replace(table, flags string, lines []string) {
	s.add("add table inet %s%s", table, flags)
	s.add("delete table inet %s", table)
	if len(lines) == 0 {
		return
	}
	s.add("add table inet %s%s", table, flags)
	s.lines = append(s.lines, lines...)
}

// holdLines redirects new connections to the holder, from everywhere but the peer: its checks reach a side that is up for
// checks only, and clients behind one address with whoever runs the move wait like all others.
func holdLines(table string, p Plan) []string {
	s := &script{}
	silentLines(s, table, p)
	if len(p.Catch) == 0 {
		return s.lines
	}
	s.add("add chain inet %s prerouting { type nat hook prerouting priority %s; }", table, early)
	s.add("add chain inet %s output { type nat hook output priority %s; }", table, early)
	s.add("add rule inet %s prerouting %s return", table, from(p.Peer))
	ownLine(s, table, p)
	for _, chain := range []string{"prerouting", "output"} {
		for _, port := range slices.Sorted(maps.Keys(p.Catch)) {
			s.add("add rule inet %s %s fib daddr type local %s tcp dport %d counter redirect to :%d", table, chain, begins, port, p.Catch[port])
		}
	}
	return s.lines
}

func ownLine(s *script, table string, p Plan) {
	if len(p.Own) > 0 {
		s.add("add rule inet %s output oifname lo meta skuid 0 tcp dport %s return", table, set(p.Own))
	}
}

// silentLines drops datagrams (and segments) before a guard could refuse them, those too that a flow goes on carrying to a
// container or to the peer. Who asks on this node itself is no client.
func silentLines(s *script, table string, p Plan) {
	if len(p.Silent)+len(p.SilentTCP) == 0 {
		return
	}
	s.add("add chain inet %s silent { type filter hook input priority -160; }", table)
	s.add("add chain inet %s passing { type filter hook forward priority -160; }", table)
	drop := func(protocol string, ports []int) {
		if len(ports) > 0 {
			s.add("add rule inet %s silent iif != lo %s dport %s drop", table, protocol, set(ports))
			s.add("add rule inet %s passing %s drop", table, translated(protocol, ports))
		}
	}
	drop("udp", p.Silent)
	drop("tcp", p.SilentTCP)
}

// translated matches what came to one of these ports of this node and is on its way to somebody else.
func translated(protocol string, ports []int) string {
	return fmt.Sprintf("meta l4proto %s ct status dnat ct direction original ct original proto-dst %s", protocol, set(ports))
}

// mainLines forwards, rejects or guards.
func mainLines(table string, p Plan) []string {
	s := &script{}
	if p.Anchor {
		s.add("add chain inet %s anchor { type nat hook postrouting priority 90; }", table)
		s.add("add rule inet %s anchor ct status dnat return", table)
	}
	if p.Forward {
		forwardLines(s, table, p)
	}
	if p.Reject || p.PortGuard {
		guardLines(s, table, p)
	}
	return s.lines
}

func forwardLines(s *script, table string, p Plan) {
	family, nfproto := "ip", "ipv4"
	loopback := "ip daddr 127.0.0.0/8"
	if p.Peer.Is6() {
		family, nfproto, loopback = "ip6", "ipv6", "ip6 daddr ::1"
	}
	for _, chain := range []string{"prerouting", "output"} {
		s.add("add chain inet %s %s { type nat hook %s priority %s; }", table, chain, chain, early)
	}
	s.add("add chain inet %s postrouting { type nat hook postrouting priority 90; }", table)
	s.add("add chain inet %s passing { type filter hook forward priority -150; }", table)
	s.add("add rule inet %s prerouting %s return", table, from(p.Peer))
	ownLine(s, table, p)
	carry := func(match string, port, at int) {
		s.add("add rule inet %s output meta nfproto %s %s %s dport %d counter redirect to :%d comment \"flows\"", table, nfproto, loopback, match, port, at)
		for _, chain := range []string{"prerouting", "output"} {
			s.add("add rule inet %s %s meta nfproto != %s fib daddr type local %s dport %d counter redirect to :%d comment \"flows\"", table, chain, nfproto, match, port, at)
		}
	}
	for _, port := range slices.Sorted(maps.Keys(p.Splice)) {
		carry(begins+" tcp", port, p.Splice[port])
		if !slices.Contains(p.Headers, port) {
			continue
		}
		for _, chain := range []string{"prerouting", "output"} {
			s.add("add rule inet %s %s meta nfproto %s fib daddr type local %s tcp dport %d counter redirect to :%d comment \"flows\"", table, chain, nfproto, begins, port, p.Splice[port])
		}
	}
	for _, port := range slices.Sorted(maps.Keys(p.Relay)) {
		carry("udp", port, p.Relay[port])
	}
	for _, protocol := range []string{"tcp", "udp"} {
		ports := p.TCP
		if protocol == "udp" {
			ports = p.UDP
		}
		if len(ports) == 0 {
			continue
		}
		match := fmt.Sprintf("%s dport %s", protocol, set(ports))
		only := match
		if protocol == "tcp" {
			only = begins + " " + match
		}
		for _, chain := range []string{"prerouting", "output"} {
			s.add("add rule inet %s %s meta nfproto %s fib daddr type local %s counter dnat %s to %s comment \"flows\"", table, chain, nfproto, only, family, p.Peer)
		}
		s.add("add rule inet %s postrouting %s daddr %s %s ct status dnat masquerade", table, family, p.Peer, match)
		s.add("add rule inet %s passing %s daddr %s %s ct status dnat counter comment \"packets\"", table, family, p.Peer, match)
	}
	// Both ways: each side tells in its first packet what it wants to get, and the narrower of the two ways counts.
	for _, end := range []string{"daddr", "saddr"} {
		s.add("add rule inet %s passing tcp flags syn ct status dnat %s %s %s tcp option maxseg size set rt mtu", table, family, end, p.Peer)
	}
}

// guardLines closes the ports to clients: here, and where a container would answer for this node.
func guardLines(s *script, table string, p Plan) {
	s.add("add chain inet %s input { type filter hook input priority -150; }", table)
	s.add("add chain inet %s through { type filter hook forward priority -150; }", table)
	if !p.Reject {
		s.add("add rule inet %s input iif lo return", table)
		for _, allowed := range append([]netip.Prefix{netip.PrefixFrom(p.Peer, p.Peer.BitLen())}, p.Allow...) {
			for _, chain := range []string{"input", "through"} {
				s.add("add rule inet %s %s %s saddr %s return", table, chain, familyOf(allowed.Addr()), allowed)
			}
		}
	}
	if p.Reject && len(p.Own) > 0 { // who that is, loopback does not tell; what is there cannot be written
		s.add("add rule inet %s input iif lo tcp dport %s return", table, set(p.Own))
	}
	if len(p.TCP) > 0 {
		s.add("add rule inet %s input %s tcp dport %s reject with tcp reset", table, begins, set(p.TCP))
		s.add("add rule inet %s through %s %s reject with tcp reset", table, begins, translated("tcp", p.TCP))
	}
	if len(p.UDP) > 0 {
		s.add("add rule inet %s input udp dport %s reject", table, set(p.UDP))
		s.add("add rule inet %s through %s reject", table, translated("udp", p.UDP))
	}
}

func from(peer netip.Addr) string { return fmt.Sprintf("%s saddr %s", familyOf(peer), peer) }

func familyOf(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ip6"
}

func set(ports []int) string {
	words := make([]string, len(ports))
	for i, port := range ports {
		words[i] = fmt.Sprint(port)
	}
	return "{ " + strings.Join(words, ", ") + " }"
}
