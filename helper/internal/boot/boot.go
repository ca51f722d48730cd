// Package boot knows how long this machine has been up, and which boot this is. Wall clocks are never asked (V15).
package boot

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// NowMs is CLOCK_BOOTTIME: it goes on while the machine is suspended and starts at 0 with each boot.
func NowMs() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(err) // present since Linux 2.6.39
	}
	return t.Sec*1000 + t.Nsec/1e6
}

// ID names this boot.
func ID() (string, error) {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(content)), err
}
