package daemon

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	listenWithin = 3 * time.Second
	listenLook   = 10 * time.Millisecond
	stateListen  = "0A" // TCP_LISTEN, include/net/tcp_states.h
)

// awaitListeners waits until somebody listens on each port, but not for long. systemd calls a plain service started as
// soon as its process exists: clients that were let go at that moment would be refused.
func awaitListeners(ctx context.Context, ports []int) {
	ctx, cancel := context.WithTimeout(ctx, listenWithin)
	defer cancel()
	for !allListen(ports) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(listenLook):
		}
	}
}

func allListen(ports []int) bool {
	found := map[int]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // no IPv6: no such file
		for port := range listenersIn(string(text)) {
			found[port] = true
		}
	}
	for _, port := range ports {
		if !found[port] {
			return false
		}
	}
	return true
}

// listenersIn reads the kernel's table of TCP sockets (proc_net_tcp(5)): local address and port in hexadecimal, state.
func listenersIn(table string) map[int]bool {
	ports := map[int]bool{}
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != stateListen {
			continue
		}
		_, hex, _ := strings.Cut(fields[1], ":")
		if port, err := strconv.ParseUint(hex, 16, 16); err == nil {
			ports[int(port)] = true
		}
	}
	return ports
}
