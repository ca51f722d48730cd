package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lifeboat/helper/internal/machine"

	"golang.org/x/sys/unix"
)

const (
	somaxconn = "net/core/somaxconn"
	forward4  = "net/ipv4/ip_forward"
	forward6  = "net/ipv6/conf/all/forwarding"
	acceptRA  = "net/ipv6/conf/*/accept_ra"
	connects  = 65535
)

// raiseLimits makes room for many clients at once. That it cannot is no reason not to hold those that fit.
func (d *Daemon) raiseLimits() {
	if current, err := readSysctl(somaxconn); err == nil {
		if n, err := strconv.Atoi(current); err == nil && n < connects {
			d.setSysctl(somaxconn, strconv.Itoa(connects))
		}
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 1<<20 {
		limit.Cur, limit.Max = 1<<20, max(limit.Max, 1<<20)
		unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
}

func (d *Daemon) settleForwardingSysctls(w machine.World, n machine.Node) error {
	key := forward4
	if strings.Contains(n.Config.Peer.Address, ":") {
		key = forward6
	}
	if w.Forwarding != machine.ForwardOn {
		// A receiver that holds for a while goes back to forwarding, or opens: the value stays until that is decided.
		if n.Forwarding != machine.ForwardOn {
			for _, key := range append([]string{forward4, forward6}, interfaceKeys(acceptRA)...) {
				d.restoreSysctl(key)
			}
		}
		return nil
	}
	if current, err := readSysctl(key); err == nil && current == "1" {
		return nil
	}
	if key == forward6 {
		d.keepRoutes()
	}
	if err := d.setSysctl(key, "1"); err != nil {
		return fmt.Errorf("this node cannot forward: %w", err)
	}
	return nil
}

// keepRoutes lets interfaces go on listening to their router: with 1, the kernel takes its routes away as soon as this
// node forwards (networking/ip-sysctl, accept_ra).
func (d *Daemon) keepRoutes() {
	for _, key := range interfaceKeys(acceptRA) {
		if current, err := readSysctl(key); err == nil && current == "1" {
			d.trouble.set(key, d.setSysctl(key, "2"))
		}
	}
}

// interfaceKeys are the keys that a pattern stands for on this node.
func interfaceKeys(pattern string) []string {
	files, _ := filepath.Glob("/proc/sys/" + pattern)
	keys := []string{}
	for _, file := range files {
		keys = append(keys, strings.TrimPrefix(file, "/proc/sys/"))
	}
	return keys
}

// setSysctl writes the old value down before it changes it.
func (d *Daemon) setSysctl(key, value string) error {
	old, err := readSysctl(key)
	if err != nil {
		return err
	}
	if err := d.record(machine.Remember{Key: key, Value: old}); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/"+key, []byte(value), 0o644)
}

func (d *Daemon) restoreSysctl(key string) {
	old, known := d.now().Sysctls[key]
	if !known {
		return
	}
	if err := os.WriteFile("/proc/sys/"+key, []byte(old), 0o644); err != nil {
		d.trouble.set(key, err)
		return
	}
	d.trouble.set(key, d.record(machine.Forget{Key: key}))
}

// record decides without asking whether time is over: for what must be kept in any case.
func (d *Daemon) record(event machine.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.decide(event)
}

func readSysctl(key string) (string, error) {
	content, err := os.ReadFile("/proc/sys/" + key)
	return strings.TrimSpace(string(content)), err
}
