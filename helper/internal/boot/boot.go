// Package boot knows how long this machine has been up, and which boot this is. It is the one place where a clock of the
// machine is read as a number or a date; the wall clock only for people who read a journal (V15).
package boot

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// NowMs is CLOCK_BOOTTIME: it goes on while the machine is suspended and starts at 0 with each boot.
func NowMs() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(err) // present since Linux 2.6.39
	}
	skew, _ := skews()
	return t.Sec*1000 + t.Nsec/1e6 + skew
}

// Date is what the wall clock says, which nothing may be decided by.
func Date() time.Time {
	_, skew := skews()
	return time.Now().UTC().Add(time.Duration(skew) * time.Millisecond)
}

// IsNew says that nobody has asked for the name of this boot yet.
func IsNew(runtime string) bool {
	_, err := os.Stat(mark(runtime))
	return errors.Is(err, fs.ErrNotExist)
}

func mark(runtime string) string { return filepath.Join(runtime, "boot") }

// ID names this boot. The kernel's own id is not enough: a container that starts anew keeps the id of its host, so a
// random mark in its /run, which no reboot survives, is part of the name.
func ID(runtime string) (string, error) {
	kernel, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	path := mark(runtime)
	mark, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 4)
		rand.Read(random)
		mark = []byte(hex.EncodeToString(random))
		if err = os.WriteFile(path+".new", mark, 0o600); err == nil {
			err = os.Rename(path+".new", path)
		}
	}
	return strings.TrimSpace(string(kernel)) + "-" + string(mark), err
}
