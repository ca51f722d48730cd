// Package flows forgets what the kernel remembers of UDP flows. It speaks to conntrack itself (linux/netfilter/
// nfnetlink_conntrack.h), as few nodes have the program of that name.
package flows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	conntrack = 1 << 8 // NFNL_SUBSYS_CTNETLINK
	get       = conntrack | 1
	remove    = conntrack | 2

	tupleOrig = 1  // CTA_TUPLE_ORIG
	zone      = 18 // CTA_ZONE
	proto     = 2  // CTA_TUPLE_PROTO, in a tuple
	number    = 1  // CTA_PROTO_NUM, in it
	destPort  = 3  // CTA_PROTO_DST_PORT

	family = 1 // bytes of nfgenmsg: family, version, two of a resource
	header = 4
	nested = unix.NLA_F_NESTED
)

// Forget ends all UDP flows, of both families, that began towards one of these ports, so that their next datagram is
// taken for the first one. It answers how many there were.
func Forget(ports []int) (int, error) {
	if len(ports) == 0 {
		return 0, nil
	}
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return 0, fmt.Errorf("conntrack: %w", err)
	}
	defer unix.Close(socket)
	unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})
	found := [][]byte{}
	err = ask(socket, get, unix.NLM_F_DUMP, make([]byte, header), func(flow []byte) {
		if leadsTo(flow, ports) {
			found = append(found, slices.Clone(flow))
		}
	})
	if err != nil {
		return 0, err
	}
	count := 0
	for _, flow := range found {
		err := ask(socket, remove, unix.NLM_F_ACK, naming(flow), nil)
		if err == nil {
			count++
		} else if !errors.Is(err, unix.ENOENT) { // it has ended meanwhile
			return count, err
		}
	}
	return count, nil
}

// naming is the part of a flow by which the kernel finds it again.
func naming(flow []byte) []byte {
	name := []byte{flow[0], 0, 0, 0}
	for _, a := range attributes(flow[header:]) {
		if a.kind == tupleOrig || a.kind == zone {
			name = append(name, a.whole...)
		}
	}
	return name
}

func leadsTo(flow []byte, ports []int) bool {
	if len(flow) < header {
		return false
	}
	p := attributes(value(value(flow[header:], tupleOrig), proto))
	udp, port := false, 0
	for _, a := range p {
		switch {
		case a.kind == number && len(a.data) > 0:
			udp = a.data[0] == unix.IPPROTO_UDP
		case a.kind == destPort && len(a.data) > 1:
			port = int(binary.BigEndian.Uint16(a.data))
		}
	}
	return udp && slices.Contains(ports, port)
}

type attribute struct {
	kind        uint16
	data, whole []byte // without, and with header and padding
}

func attributes(b []byte) []attribute {
	list := []attribute{}
	for len(b) >= unix.SizeofNlAttr {
		length := int(binary.NativeEndian.Uint16(b))
		if length < unix.SizeofNlAttr || length > len(b) {
			break
		}
		end := min(len(b), (length+unix.NLA_ALIGNTO-1)&^(unix.NLA_ALIGNTO-1))
		kind := binary.NativeEndian.Uint16(b[2:]) &^ (nested | unix.NLA_F_NET_BYTEORDER)
		list = append(list, attribute{kind, b[unix.SizeofNlAttr:length], b[:end]})
		b = b[end:]
	}
	return list
}

func value(b []byte, kind uint16) []byte {
	for _, a := range attributes(b) {
		if a.kind == kind {
			return a.data
		}
	}
	return nil
}

// ask sends one message and reads until the kernel says that this was all. each sees every flow of the answer.
func ask(socket int, kind, flags uint16, body []byte, each func(flow []byte)) error {
	message := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	binary.NativeEndian.PutUint32(message, uint32(unix.SizeofNlMsghdr+len(body)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], unix.NLM_F_REQUEST|flags)
	if err := unix.Sendto(socket, append(message, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("conntrack: %w", err)
	}
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(socket, buffer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("conntrack: %w", err)
		}
		answers, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return fmt.Errorf("conntrack: %w", err)
		}
		for _, answer := range answers {
			switch answer.Header.Type {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				if len(answer.Data) < 4 {
					return errors.New("conntrack: an error without a number")
				}
				if code := int32(binary.NativeEndian.Uint32(answer.Data)); code != 0 {
					return fmt.Errorf("conntrack: %w", unix.Errno(-code))
				}
				return nil
			default:
				if each != nil {
					each(answer.Data)
				}
			}
		}
	}
}
