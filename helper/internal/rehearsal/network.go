package rehearsal

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// OpenNetwork makes a network with nothing but a loopback, which has this node's addresses: services find them, and
// nothing that they send has a way out.
func OpenNetwork(p Place) error {
	addresses, err := ownAddresses()
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Network(), nil, 0o600); err != nil {
		return err
	}
	return apart(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("no network of its own: %w", err)
		}
		if err := unix.Mount(threadNetwork(), p.Network(), "", unix.MS_BIND, ""); err != nil {
			return err
		}
		for _, address := range addresses {
			// IPv6 would look for a double of it first.
			words := []string{"address", "add", netip.PrefixFrom(address, address.BitLen()).String(), "dev", "lo"}
			if address.Is6() {
				words = append(words, "nodad")
			}
			if err := ip(words...); err != nil {
				return err
			}
		}
		return ip("link", "set", "lo", "up")
	})
}

func ip(words ...string) error {
	if told, err := exec.Command("ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w %s", strings.Join(words, " "), err, strings.TrimSpace(string(told)))
	}
	return nil
}

// apart runs in a thread that ends with it, as its network is another one from then on.
func apart(act func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		done <- act()
	}()
	return <-done
}

func threadNetwork() string { return fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()) }

// inside runs in the network of a rehearsal.
func inside(p Place, act func() error) error {
	return apart(func() error {
		file, err := os.Open(p.Network())
		if err != nil {
			return errors.New("no rehearsal is on")
		}
		defer file.Close()
		if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return act()
	})
}

// ownAddresses of this node: not of loopbacks, not those that mean something on one link only.
func ownAddresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	own := []netip.Addr{}
	for _, each := range all {
		prefix, err := netip.ParsePrefix(each.String())
		if err == nil && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			own = append(own, prefix.Addr().Unmap())
		}
	}
	return own, nil
}

// Dial connects a TCP port of the services that are rehearsed, at any address of theirs.
func Dial(p Place, port int) (conn net.Conn, err error) {
	entered := inside(p, func() error {
		addresses, err := ownAddresses()
		if err != nil {
			return err
		}
		for _, address := range append(addresses, netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})) {
			// One address at a time is dialled in this very thread.
			if conn, err = net.DialTimeout("tcp", netip.AddrPortFrom(address, uint16(port)).String(), 5*time.Second); err == nil {
				return nil
			}
		}
		return err
	})
	return conn, entered
}

// Traffic is what the kernel has counted in the network of a rehearsal.
type Traffic struct {
	Left    int64 `json:"left"`    // packets that went out by anything but the loopback
	Refused int64 `json:"refused"` // what was to be sent and had no way
}

// Count reads the counters of both families.
func Count(p Place) (traffic Traffic, err error) {
	err = inside(p, func() error {
		own := fmt.Sprintf("/proc/self/task/%d/net/", unix.Gettid())
		devices, err := os.ReadFile(own + "dev")
		if err != nil {
			return err
		}
		traffic.Left = sentBy(string(devices))
		for _, file := range []string{"snmp", "snmp6"} {
			if text, err := os.ReadFile(own + file); err == nil { // a kernel may have no IPv6
				traffic.Refused += noRoutes(string(text))
			}
		}
		return nil
	})
	return traffic, err
}

// sentBy sums the packets that devices other than the loopback have sent, from proc(5) net/dev.
func sentBy(text string) int64 {
	sum := int64(0)
	for _, line := range strings.Split(text, "\n") {
		name, counters, ok := strings.Cut(line, ":")
		fields := strings.Fields(counters)
		if !ok || strings.TrimSpace(name) == "lo" || len(fields) < 10 {
			continue
		}
		packets, _ := strconv.ParseInt(fields[9], 10, 64)
		sum += packets
	}
	return sum
}

// noRoutes sums what had no way, from net/snmp (a line of names, one of values) or net/snmp6 (a name and a value a line).
func noRoutes(text string) int64 {
	sum := int64(0)
	var names []string
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "Ip6OutNoRoutes":
			count, _ := strconv.ParseInt(fields[1], 10, 64)
			sum += count
		case len(fields) > 1 && fields[0] == "Ip:" && names == nil:
			names = fields
		case len(fields) > 1 && fields[0] == "Ip:":
			for i, name := range names {
				if name == "OutNoRoutes" && i < len(fields) {
					count, _ := strconv.ParseInt(fields[i], 10, 64)
					sum += count
				}
			}
		}
	}
	return sum
}
