package machine

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
)

type Port struct {
	Port     int    `json:"port"`
	Protocol string `json:"protocol"` // tcp or udp
	// Header is where the peer's service takes what is forwarded with a PROXY header in front; 0: it comes without one.
	Header int `json:"header"`
}

type Root struct {
	Path    string   `json:"path"`
	Exclude []string `json:"exclude"`
}

type Peer struct {
	Address  string   `json:"address"`
	Port     int      `json:"port"`
	User     string   `json:"user"`
	HostKeys []string `json:"hostKeys"`
	// Relayed: this side does not reach the peer's ssh itself; the controller carries it.
	Relayed bool `json:"relayed,omitempty"`
}

// Way is a TCP port on this node's loopback that leads to a port on the loopback of the other side, over the peer channel:
// how a database follows the other one.
type Way struct {
	Listen int `json:"listen"`
	To     int `json:"to"`
}

// Config is what the controller tells a node about the move.
type Config struct {
	Side       string   `json:"side"`
	Role       Role     `json:"role"`
	Services   []string `json:"services"`
	Singletons []string `json:"singletons"`
	Ports      []Port   `json:"ports"`
	Roots      []Root   `json:"roots"`
	Peer       Peer     `json:"peer"`
	Allow      []string `json:"allow"`
	Ways       []Way    `json:"ways"`
}

func (c Config) clone() Config {
	c.Services = slices.Clone(c.Services)
	c.Singletons = slices.Clone(c.Singletons)
	c.Ports = slices.Clone(c.Ports)
	c.Roots = slices.Clone(c.Roots)
	c.Allow = slices.Clone(c.Allow)
	c.Ways = slices.Clone(c.Ways)
	c.Peer.HostKeys = slices.Clone(c.Peer.HostKeys)
	return c
}

// PortsOf lists the ports of one protocol, in order.
func (c *Config) PortsOf(protocol string) []int {
	ports := []int{}
	if c == nil {
		return ports
	}
	for _, p := range c.Ports {
		if p.Protocol == protocol && !slices.Contains(ports, p.Port) {
			ports = append(ports, p.Port)
		}
	}
	slices.Sort(ports)
	return ports
}

// Headers are the TCP ports whose connections are forwarded with a PROXY header, each with where they go.
func (c *Config) Headers() map[int]int {
	headers := map[int]int{}
	for _, p := range c.Ports {
		if p.Protocol == "tcp" && p.Header != 0 {
			headers[p.Port] = p.Header
		}
	}
	return headers
}

// Units lists singletons, then services: the order of stopping.
func (c *Config) Units() []string {
	if c == nil {
		return nil
	}
	return append(slices.Clone(c.Singletons), c.Services...)
}

var (
	unitName = regexp.MustCompile(`^[A-Za-z0-9:_.@\\-]+\.(service|timer|socket|path|target)$`)
	userName = regexp.MustCompile(`^[a-z_][a-z0-9_.-]*\$?$`)
)

// Check refuses what could not be put into a rule, a unit or a command line as it stands.
func (c *Config) Check() error {
	if c.Role != Open && c.Role != Closed {
		return fmt.Errorf("role is %q, it must be open or closed", c.Role)
	}
	for _, unit := range c.Units() {
		if !unitName.MatchString(unit) {
			return fmt.Errorf("%q is not the name of a unit", unit)
		}
	}
	for _, p := range c.Ports {
		if p.Port < 1 || p.Port > 65535 || (p.Protocol != "tcp" && p.Protocol != "udp") {
			return fmt.Errorf("%d/%s is not a port", p.Port, p.Protocol)
		}
		if p.Header < 0 || p.Header > 65535 {
			return fmt.Errorf("%d is not a port for what is forwarded from %d", p.Header, p.Port)
		}
	}
	for i, way := range c.Ways {
		if way.Listen < 1 || way.Listen > 65535 || way.To < 1 || way.To > 65535 {
			return fmt.Errorf("a way from port %d to %d is none", way.Listen, way.To)
		}
		if slices.ContainsFunc(c.Ways[:i], func(other Way) bool { return other.Listen == way.Listen }) {
			return fmt.Errorf("two ways begin at port %d", way.Listen)
		}
	}
	for _, root := range c.Roots {
		if !filepath.IsAbs(root.Path) || filepath.Clean(root.Path) != root.Path {
			return fmt.Errorf("root %q must be an absolute path, and clean", root.Path)
		}
		if root.Path == "/" && !slices.Contains(root.Exclude, "/etc/machine-id") {
			return fmt.Errorf("the root of a whole system must leave out what belongs to its machine")
		}
	}
	if _, err := netip.ParseAddr(c.Peer.Address); err != nil {
		return fmt.Errorf("the peer's address %q is not an address", c.Peer.Address)
	}
	if c.Peer.Port < 1 || c.Peer.Port > 65535 {
		return fmt.Errorf("the peer's ssh port is %d", c.Peer.Port)
	}
	if !userName.MatchString(c.Peer.User) {
		return fmt.Errorf("the peer's user is %q", c.Peer.User)
	}
	for _, allowed := range c.Allow {
		if _, err := netip.ParsePrefix(allowed); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(allowed); err != nil {
			return fmt.Errorf("%q in allow is no address", allowed)
		}
	}
	return nil
}
