package boot

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Within one process time.Now() has a monotonic reading, which is what differences and deadlines go by. What makes a
// number or a date of it loses that, and what compares such with another machine's is wrong.
var wall = regexp.MustCompile(`\.(Unix|UnixMilli|UnixMicro|UnixNano|UTC|Local|Round|Truncate|Format)\(|time\.(Unix|UnixMilli|Date|Parse)\(|CLOCK_(REALTIME|TAI|BOOTTIME|MONOTONIC)|Gettimeofday`)

// What is asked of the file system's own clock, which is no other machine's.
var excepted = map[string]string{"hashes.go": "flushed.Add(-racy).UnixNano()"}

func TestNoClockIsReadAsANumberOrADateElsewhere(t *testing.T) {
	files := 0
	filepath.WalkDir("../..", func(path string, _ os.DirEntry, _ error) error {
		name := filepath.Base(path)
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(path, "/boot/") {
			return nil
		}
		files++
		content, _ := os.ReadFile(path)
		for number, line := range strings.Split(string(content), "\n") {
			code, _, _ := strings.Cut(line, "//")
			if except, ok := excepted[name]; ok && strings.Contains(code, except) {
				continue
			}
			if wall.MatchString(code) && !strings.Contains(code, "boot.Date()") {
				t.Errorf("%s:%d reads a clock: %s", path, number+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if files < 50 {
		t.Fatalf("%d files are not the whole program", files)
	}
}
