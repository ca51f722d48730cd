//go:build labclock

package boot

import (
	"os"
	"strconv"
	"strings"
)

// skewMs is how far the clocks of a node are off, for tests alone: nodes of the lab share the clocks of one kernel. Build
// with `-tags labclock` and write the milliseconds to this file.
func skewMs() int64 {
	text, _ := os.ReadFile("/etc/lifeboat-clock-skew")
	skew, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return skew
}
