// Package client speaks to the daemon of a move: the channel of a controller, and the forced command of the other side.
package client

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"lifeboat/helper/internal/paths"
)

// Channel passes lines to the daemon and its answers back, until the input ends. A daemon that is started anew is
// reached again; what it had been asked is answered with an error then, as nobody knows whether it was done.
func Channel(p paths.Paths, input io.Reader, output io.Writer) error {
	c := &channel{paths: p, output: output, pending: map[string]json.RawMessage{}}
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c.send(append([]byte(nil), lines.Bytes()...))
	}
	c.finish()
	return lines.Err()
}

type channel struct {
	paths   paths.Paths
	output  io.Writer
	mu      sync.Mutex // conn, pending
	conn    net.Conn
	pending map[string]json.RawMessage
	writing sync.Mutex
	reading sync.WaitGroup
}

func (c *channel) send(line []byte) {
	var head struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		c.fail(nil, "usage", "that line is no request: "+err.Error())
		return
	}
	for range 2 {
		c.mu.Lock()
		if c.conn == nil {
			conn, err := Dial(c.paths, 3*time.Second)
			if err != nil {
				c.mu.Unlock()
				c.fail(head.ID, "node-failed", "the helper does not answer: "+err.Error())
				return
			}
			c.conn = conn
			c.reading.Add(1)
			go c.read(conn)
		}
		conn := c.conn
		c.pending[string(head.ID)] = head.ID
		c.mu.Unlock()
		if _, err := conn.Write(append(line, '\n')); err == nil {
			return
		}
		c.mu.Lock()
		delete(c.pending, string(head.ID))
		if c.conn == conn {
			c.conn = nil
		}
		c.mu.Unlock()
	}
	c.fail(head.ID, "node-failed", "the helper was started anew while it was spoken to")
}

func (c *channel) read(conn net.Conn) {
	defer c.reading.Done()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var head struct {
			ID json.RawMessage `json:"id"`
		}
		json.Unmarshal(lines.Bytes(), &head)
		c.mu.Lock()
		delete(c.pending, string(head.ID))
		c.mu.Unlock()
		c.write(lines.Bytes())
	}
	conn.Close()
	c.mu.Lock()
	lost := c.pending
	c.pending = map[string]json.RawMessage{}
	if c.conn == conn {
		c.conn = nil
	}
	c.mu.Unlock()
	for _, id := range lost {
		c.fail(id, "node-failed", "the helper was started anew before it answered")
	}
}

// finish waits for the answers that are still to come.
func (c *channel) finish() {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if half, ok := conn.(*net.UnixConn); ok {
		half.CloseWrite()
	}
	c.reading.Wait()
}

func (c *channel) fail(id json.RawMessage, code, text string) {
	line, _ := json.Marshal(map[string]any{"id": id, "ok": false, "code": code, "text": text, "details": map[string]any{}})
	c.write(line)
}

func (c *channel) write(line []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.output.Write(append(append([]byte(nil), line...), '\n'))
}

// Dial reaches the daemon, which may be in the middle of being started again.
func Dial(p paths.Paths, patience time.Duration) (net.Conn, error) {
	until := time.Now().Add(patience)
	for {
		conn, err := net.Dial("unix", p.Socket())
		if err == nil || time.Now().After(until) {
			return conn, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Ask puts one question and waits for its answer.
func Ask(p paths.Paths, question map[string]any) (map[string]any, error) {
	conn, err := Dial(p, 3*time.Second)
	if err != nil {
		return nil, fmt.Errorf("the helper does not answer: %w", err)
	}
	defer conn.Close()
	line, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	answer := map[string]any{}
	return answer, json.NewDecoder(conn).Decode(&answer)
}
