package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// contentOf hashes a file. It does not touch its access time, and gives up when nobody waits any more.
func contentOf(ctx context.Context, path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return "", &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	sum := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := file.Read(*buffer)
		sum.Write((*buffer)[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
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
