//go:build labclock

package boot

import (
	"os"
	"strconv"
	"strings"
)

// skews says how far the clocks of a node are off, in ms, for tests alone: nodes of the lab share the clocks of one kernel.
// Build with `-tags labclock` and write the two numbers to this file, that of the uptime first.
func skews() (uptime, wall int64) {
	text, _ := os.ReadFile("/etc/lifeboat-clock-skew")
	fields := append(strings.Fields(string(text)), "0", "0")
	uptime, _ = strconv.ParseInt(fields[0], 10, 64)
	wall, _ = strconv.ParseInt(fields[1], 10, 64)
	return uptime, wall
}
