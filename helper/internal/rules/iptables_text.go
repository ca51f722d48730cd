package rules

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// xchain is one chain of ours in a table of iptables, and the built-in chains that jump to it.
type xchain struct {
	table, name string
	from        []string
	rules       []string
}

const xbegins = "-p tcp --tcp-flags FIN,SYN,RST,ACK SYN"

// chainName keeps within the 28 bytes that the kernel has for it.
func chainName(table string) string {
	name := strings.Replace(table, "lifeboat_", "LIFEBOAT_", 1)
	if len(name) <= 26 {
		return name
	}
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return fmt.Sprintf("%s_%08x", name[:17], sum.Sum32())
}

// xown marks what root sends to its own database, on loopback alone.
const xown = "0x4c424f57"

// xchains is a plan for one family. A chain without rules is taken away.
func xchains(p Plan, six bool) []xchain {
	name := chainName(p.Table)
	nat := xchain{table: "nat", name: name, from: []string{"PREROUTING", "OUTPUT"}}
	out := xchain{table: "nat", name: name + "_P", from: []string{"POSTROUTING"}}
	guard := xchain{table: "filter", name: name, from: []string{"INPUT"}}
	through := xchain{table: "filter", name: name + "_F", from: []string{"FORWARD"}}
	narrow := xchain{table: "mangle", name: name + "_F", from: []string{"FORWARD"}}
	// A chain of both hooks cannot ask who sends; one before it can.
	own := xchain{table: "mangle", name: name + "_O", from: []string{"OUTPUT"}}
	same := p.Peer.IsValid() && p.Peer.Is6() == six
	local := "-m addrtype --dst-type LOCAL " + xbegins

	if same && (len(p.Catch) > 0 || p.Forward) {
		nat.add("-s %s -j RETURN", p.Peer)
	}
	if len(p.Catch) > 0 || p.Forward {
		for _, port := range p.Own {
			own.add("-o lo -p tcp --dport %d -m owner --uid-owner 0 -j MARK --set-mark %s", port, xown)
		}
		if len(p.Own) > 0 {
			nat.add("-m mark --mark %s -j RETURN", xown)
		}
	}
	for _, port := range slices.Sorted(maps.Keys(p.Catch)) {
		nat.add("%s --dport %d -j REDIRECT --to-ports %d", local, port, p.Catch[port])
	}
	if p.Forward {
		loopback := "-d 127.0.0.0/8 "
		if six {
			loopback = "-d ::1 "
		}
		if !same {
			loopback = ""
		}
		for _, port := range slices.Sorted(maps.Keys(p.Splice)) {
			only := loopback
			if slices.Contains(p.Headers, port) {
				only = ""
			}
			nat.add("%s%s --dport %d -m comment --comment flows -j REDIRECT --to-ports %d", only, local, port, p.Splice[port])
		}
		for _, port := range slices.Sorted(maps.Keys(p.Relay)) {
			nat.add("%s-m addrtype --dst-type LOCAL -p udp --dport %d -m comment --comment flows -j REDIRECT --to-ports %d", loopback, port, p.Relay[port])
		}
		if same {
			xforward(&nat, &out, p)
			for _, end := range []string{"-d", "-s"} {
				narrow.add("%s %s -p tcp --tcp-flags SYN,RST SYN -m conntrack --ctstate DNAT -j TCPMSS --clamp-mss-to-pmtu", end, p.Peer)
			}
		}
	}
	if p.Anchor { // last, as it returns
		out.add("-m conntrack --ctstate DNAT -j RETURN")
	}
	xsilent(&guard, &through, p)
	xguard(&guard, &through, p, six)
	return []xchain{nat, out, guard, through, narrow, own}
}

func xforward(nat, out *xchain, p Plan) {
	to := p.Peer.String()
	for _, port := range p.TCP {
		nat.add("-m addrtype --dst-type LOCAL %s --dport %d -m comment --comment flows -j DNAT --to-destination %s", xbegins, port, to)
		out.add("-d %s -p tcp --dport %d -m conntrack --ctstate DNAT -j MASQUERADE", to, port)
	}
	for _, port := range p.UDP {
		nat.add("-m addrtype --dst-type LOCAL -p udp --dport %d -m comment --comment flows -j DNAT --to-destination %s", port, to)
		out.add("-d %s -p udp --dport %d -m conntrack --ctstate DNAT -j MASQUERADE", to, port)
	}
}

func xsilent(guard, through *xchain, p Plan) {
	for _, port := range p.Silent {
		guard.add("! -i lo -p udp --dport %d -j DROP", port)
		through.add("-p udp %s -j DROP", xtranslated(port))
	}
	for _, port := range p.SilentTCP {
		guard.add("! -i lo -p tcp --dport %d -j DROP", port)
		through.add("-p tcp %s -j DROP", xtranslated(port))
	}
}

func xguard(guard, through *xchain, p Plan, six bool) {
	if !p.Reject && !p.PortGuard {
		return
	}
	if !p.Reject {
		guard.add("-i lo -j RETURN")
		for _, allowed := range append([]netip.Prefix{netip.PrefixFrom(p.Peer, p.Peer.BitLen())}, p.Allow...) {
			if allowed.Addr().Is6() == six {
				guard.add("-s %s -j RETURN", allowed)
				through.add("-s %s -j RETURN", allowed)
			}
		}
	}
	for _, port := range p.Own {
		guard.add("-i lo -p tcp --dport %d -j RETURN", port)
	}
	for _, port := range p.TCP {
		guard.add("%s --dport %d -j REJECT --reject-with tcp-reset", xbegins, port)
		through.add("%s %s -j REJECT --reject-with tcp-reset", xbegins, xtranslated(port))
	}
	for _, port := range p.UDP {
		guard.add("-p udp --dport %d -j REJECT", port)
		through.add("-p udp %s -j REJECT", xtranslated(port))
	}
}

func xtranslated(port int) string {
	return fmt.Sprintf("-m conntrack --ctstate DNAT --ctdir ORIGINAL --ctorigdstport %d", port)
}

func (c *xchain) add(format string, args ...any) {
	c.rules = append(c.rules, "-A "+c.name+" "+fmt.Sprintf(format, args...))
}

// batch is what iptables-restore --noflush takes: naming a chain of ours empties it first. jumps says which built-in
// chains jump to it now, and whether each does so before everything else.
func batch(chains []xchain, table string, jumps func(c xchain, from string) (count int, first bool), known func(c xchain) bool) string {
	lines := []string{}
	for _, c := range chains {
		if c.table != table {
			continue
		}
		wanted := len(c.rules) > 0
		if !wanted && !known(c) {
			continue
		}
		lines = append(lines, ":"+c.name+" - [0:0]")
		lines = append(lines, c.rules...)
		for _, from := range c.from {
			count, first := jumps(c, from)
			if wanted && count == 1 && first {
				continue
			}
			for range count { // all within one commit: no packet sees the chain without its jump
				lines = append(lines, "-D "+from+" -j "+c.name)
			}
			if wanted {
				lines = append(lines, "-I "+from+" 1 -j "+c.name)
			}
		}
		if !wanted {
			lines = append(lines, "-X "+c.name)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "*" + table + "\n" + strings.Join(lines, "\n") + "\nCOMMIT\n"
}

// readJumps counts the jumps to a chain in what `iptables -S CHAIN` prints.
func readJumps(listed, chain, target string) (count int, first bool) {
	position := 0
	for _, line := range strings.Split(listed, "\n") {
		if !strings.HasPrefix(line, "-A "+chain+" ") {
			continue
		}
		position++
		if line == "-A "+chain+" -j "+target {
			count++
			first = first || position == 1
		}
	}
	return count, first
}

// sumCounted adds the packets of rules with the comment flows in what `iptables -nvxL` prints. NAT counts a connection's
// first packet alone.
func sumCounted(listed string) int64 {
	total := int64(0)
	for _, line := range strings.Split(listed, "\n") {
		fields := strings.Fields(line)
		if len(fields) > 2 && strings.Contains(line, "/* flows */") {
			count, _ := strconv.ParseInt(fields[0], 10, 64)
			total += count
		}
	}
	return total
}
