package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"lifeboat/helper/internal/hashes"

	"golang.org/x/sys/unix"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// workThrough does one piece of work after the other. Gently: on a thread that gives way to others.
func workThrough(work <-chan func(), gently bool) {
	if gently {
		runtime.LockOSThread() // never given back: the thread ends with this
		unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19)
		const whoThread, last = 1, 2<<13 | 7 // IOPRIO_WHO_PROCESS, the lowest of IOPRIO_CLASS_BE (ioprio_set(2)); idle might never end
		unix.Syscall(unix.SYS_IOPRIO_SET, whoThread, 0, last)
	}
	for act := range work {
		act()
	}
}

var errOther = errors.New("the name belongs to another file by now")

// contentOf hashes the file that had this stat, and says whether it has it still. It does not touch its access time, does
// not wait for what is no file, and gives up when nobody waits any more.
func contentOf(ctx context.Context, path string, was *unix.Stat_t) (sum hashes.Sum, same bool, err error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK
	fd, err := unix.Open(path, flags|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		fd, err = unix.Open(path, flags, 0)
	}
	if errors.Is(err, unix.ENXIO) {
		return sum, false, errOther
	}
	if err != nil {
		return sum, false, &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	var is unix.Stat_t
	if err := unix.Fstat(fd, &is); err != nil {
		return sum, false, err
	}
	if is.Ino != was.Ino || is.Dev != was.Dev {
		return sum, false, errOther
	}
	unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)
	unix.Fadvise(fd, 0, 0, unix.FADV_NOREUSE) // what others keep in memory shall not give way to this (Linux 6.3)
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	hash := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return sum, false, err
		}
		n, err := file.Read(*buffer)
		hash.Write((*buffer)[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return sum, false, err
		}
	}
	err = unix.Fstat(fd, &is)
	return hashes.Sum(hash.Sum(nil)), err == nil && is.Size == was.Size && is.Mtim == was.Mtim && is.Ctim == was.Ctim, err
}

// xattrs is a digest of names and values, access control lists among them; "-" where there are none.
func xattrs(path string) (string, error) {
	list := make([]byte, 0)
	for {
		size, err := unix.Llistxattr(path, nil)
		if errors.Is(err, unix.ENOTSUP) || err == nil && size == 0 {
			return "-", nil
		}
		if err != nil {
			return "", err
		}
		list = make([]byte, size)
		if size, err = unix.Llistxattr(path, list); err == nil {
			list = list[:size]
			break
		} else if !errors.Is(err, unix.ERANGE) {
			return "", err
		}
	}
	names := strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	slices.Sort(names)
	sum := sha256.New()
	counted := 0
	for _, name := range names {
		// The label that a security module puts on every file of its own machine is not data.
		if name == "security.selinux" || name == "security.ima" || name == "security.evm" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(path, name, value)
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if err != nil {
			return "", err
		}
		counted++
		sum.Write([]byte(name + "\x00"))
		sum.Write(value[:n])
		sum.Write([]byte{0})
	}
	if counted == 0 {
		return "-", nil
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
