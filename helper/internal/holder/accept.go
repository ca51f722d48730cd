package holder

import (
	"errors"
	"fmt"
	"net"
	"time"
)

func (h *Holder) accept(socket *net.TCPListener, port int) {
	for {
		conn, err := socket.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: those in the backlog wait
			time.Sleep(20 * time.Millisecond)
			continue
		}
		h.take(conn, port)
	}
}

func (h *Holder) take(conn *net.TCPConn, port int) {
	c := &client{conn: conn, port: port, since: time.Now()}
	outside := cameFrom(conn)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Accepted++
	h.counts.PerPort[port]++
	if outside != "" {
		h.counts.Outside[fmt.Sprintf("%s/%d", outside, port)]++
	}
	switch {
	case h.closed || h.mode == refusing:
		conn.SetLinger(0) // a reset says "refused" to a client, an orderly end does not
		conn.Close()
	case h.mode == holding:
		h.waiting[c] = struct{}{}
		c.timer = time.AfterFunc(h.limit, func() { h.expire(c) })
	default:
		go h.connect(c)
	}
}

// cameFrom tells the family of a client on another machine, and nothing of one on this node.
func cameFrom(conn *net.TCPConn) string {
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if remote == nil || remote.IP.IsLoopback() || remote.IP.String() == originalDestination(conn) {
		return ""
	}
	if remote.IP.To4() != nil {
		return "4"
	}
	return "6"
}

func (h *Holder) expire(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, waits := h.waiting[c]; waits {
		h.counts.Expired++
		h.drop(c)
	}
}

// connect dials until somebody answers or patience ends, then joins the two.
func (h *Holder) connect(c *client) bool {
	h.dials <- struct{}{}
	server := h.dial(c)
	<-h.dials
	if server == nil {
		c.conn.SetLinger(0)
		c.conn.Close()
		return false
	}
	h.mu.Lock()
	h.counts.Spliced++
	h.mu.Unlock()
	go func() {
		join(c.conn, server)
		h.mu.Lock()
		h.counts.Spliced--
		h.mu.Unlock()
	}()
	return true
}

func (h *Holder) dial(c *client) *net.TCPConn {
	h.mu.Lock()
	target := h.target
	h.mu.Unlock()
	original := originalDestination(c.conn)
	places := target(c.port, original)
	patience := time.Now().Add(3 * time.Second) // a service that has just been started may need a moment to listen
	for {
		for _, place := range places {
			conn, err := net.DialTimeout("tcp", place.Address, time.Second)
			if err == nil && place.Header {
				err = writeHeader(conn, c, original)
			}
			if err == nil {
				return conn.(*net.TCPConn)
			}
		}
		if len(places) == 0 || time.Now().After(patience) {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
}
