package record

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// event is what the kernel reports: something happened to a name in a directory, which is told by its handle.
type event struct {
	mask   uint64
	pid    int32
	fsid   uint64
	handle string // type and bytes of the directory's file handle
	name   string // "." for the directory itself
}

const (
	metadataSize = 24 // struct fanotify_event_metadata
	infoHeader   = 4  // struct fanotify_event_info_header
)

// parseEvents reads what one read(2) of a fanotify descriptor gave (fanotify(7)).
func parseEvents(buffer []byte, each func(event)) error {
	for len(buffer) >= metadataSize {
		length := int(binary.NativeEndian.Uint32(buffer))
		if length < metadataSize || length > len(buffer) {
			return fmt.Errorf("an event of %d bytes in %d", length, len(buffer))
		}
		if version := buffer[4]; version != unix.FANOTIFY_METADATA_VERSION {
			return fmt.Errorf("events of version %d", version)
		}
		e := event{mask: binary.NativeEndian.Uint64(buffer[8:]), pid: int32(binary.NativeEndian.Uint32(buffer[20:]))}
		start := int(binary.NativeEndian.Uint16(buffer[6:]))
		if start > length {
			return fmt.Errorf("an event head of %d bytes in %d", start, length)
		}
		parseInfo(buffer[start:length], &e)
		each(e)
		buffer = buffer[length:]
	}
	return nil
}

// parseInfo takes the record that holds a directory and a name; others are passed over.
func parseInfo(info []byte, e *event) {
	for len(info) >= infoHeader {
		kind, size := info[0], int(binary.NativeEndian.Uint16(info[2:]))
		if size < infoHeader || size > len(info) {
			return
		}
		record := info[infoHeader:size]
		info = info[size:]
		if (kind != unix.FAN_EVENT_INFO_TYPE_DFID_NAME && kind != unix.FAN_EVENT_INFO_TYPE_DFID) || len(record) < 16 {
			continue
		}
		e.fsid = binary.NativeEndian.Uint64(record)
		bytesOf := int(binary.NativeEndian.Uint32(record[8:]))
		if bytesOf > len(record)-16 {
			continue
		}
		e.handle = string(record[12 : 16+bytesOf])
		e.name = "."
		if kind == unix.FAN_EVENT_INFO_TYPE_DFID_NAME {
			name, _, _ := bytes.Cut(record[16+bytesOf:], []byte{0})
			e.name = string(name)
		}
	}
}

// fileHandle rebuilds what open_by_handle_at(2) takes.
func (e event) fileHandle() unix.FileHandle {
	kind := int32(binary.NativeEndian.Uint32([]byte(e.handle[:4])))
	return unix.NewFileHandle(kind, []byte(e.handle[4:]))
}
