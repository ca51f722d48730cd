// Package holder lets client connections wait instead of failing: it accepts, reads nothing, and connects each to where
// it is served once it is released. Bytes pass unseen, so TLS stays whole and servers that speak first still do.
package holder

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Place is where a connection may be taken, and whether whoever takes it there expects a PROXY header first.
type Place struct {
	Address string
	Header  bool
}

// Target says where a connection belongs, by the port that the client asked for and the address it asked for if known:
// the first place that takes it.
type Target func(port int, original string) []Place

type Counts struct {
	Accepted int64         `json:"accepted"`
	Held     int64         `json:"held"`
	Spliced  int64         `json:"spliced"`
	PerPort  map[int]int64 `json:"perPort"`
	// Outside counts those of other machines, by family and port: "4/80".
	Outside map[string]int64 `json:"outside"`
	Expired int64            `json:"expired"`
	SinceMs int64            `json:"since"`
}

type mode int

const (
	passing mode = iota
	holding
	refusing
)

type Holder struct {
	mu        sync.Mutex
	listeners map[int]*listener
	waiting   map[*client]struct{}
	mode      mode
	limit     time.Duration
	target    Target
	counts    Counts
	dials     chan struct{} // as many at once as it has room for
	closed    bool
}

type client struct {
	conn  *net.TCPConn
	port  int
	since time.Time
	timer *time.Timer
}

func New() *Holder {
	return &Holder{
		listeners: map[int]*listener{}, waiting: map[*client]struct{}{},
		counts: Counts{PerPort: map[int]int64{}, Outside: map[string]int64{}}, dials: make(chan struct{}, 256),
		target: func(int, string) []Place { return nil },
	}
}

// Listen answers where connections to each port are to be sent. What listens already stays.
func (h *Holder) Listen(ports []int) (map[int]int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := map[int]int{}
	for _, port := range ports {
		l := h.listeners[port]
		if l == nil {
			var err error
			if l, err = open(); err != nil {
				return nil, fmt.Errorf("cannot listen for port %d: %w", port, err)
			}
			h.listeners[port] = l
			for _, socket := range l.sockets {
				go h.accept(socket, port)
			}
		}
		at[port] = l.port
	}
	return at, nil
}

// Hold lets connections wait from now on, each for at most limit. nowMs is told as the beginning.
func (h *Holder) Hold(limit time.Duration, nowMs int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mode == holding {
		return
	}
	h.mode, h.limit, h.counts.SinceMs = holding, limit, nowMs
}

// Refuse closes what waits, and what still comes.
func (h *Holder) Refuse() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mode = refusing
	for c := range h.waiting {
		h.drop(c)
	}
}

// Pass sends connections to target as they come, without touching those that wait.
func (h *Holder) Pass(target Target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.target = target
	if h.mode == refusing {
		h.mode = passing
	}
}

// Release connects everything that waits, and what still comes. It returns when each has its connection or has failed.
func (h *Holder) Release(target Target) (released, failed int) {
	h.mu.Lock()
	h.mode, h.target, h.counts.SinceMs = passing, target, 0
	waiting := make([]*client, 0, len(h.waiting))
	for c := range h.waiting {
		c.timer.Stop()
		delete(h.waiting, c)
		waiting = append(waiting, c)
	}
	h.mu.Unlock()

	results := make(chan bool, len(waiting))
	for _, c := range waiting {
		go func() {
			if goneAway(c.conn) {
				c.conn.Close()
				results <- true // nobody is waiting there any more
				return
			}
			results <- h.connect(c)
		}()
	}
	for range waiting {
		if <-results {
			released++
		} else {
			failed++
		}
	}
	return released, failed
}

// Ports are those that it listens on, in order.
func (h *Holder) Ports() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	ports := []int{}
	for _, l := range h.listeners {
		ports = append(ports, l.port)
	}
	slices.Sort(ports)
	return ports
}

// Counts tells what was accepted since the start and what waits now.
func (h *Holder) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.counts
	c.Held = int64(len(h.waiting))
	c.PerPort, c.Outside = maps.Clone(h.counts.PerPort), maps.Clone(h.counts.Outside)
	return c
}

// Close ends listening. What is connected stays so.
func (h *Holder) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for port, l := range h.listeners {
		l.close()
		delete(h.listeners, port)
	}
	for c := range h.waiting {
		h.drop(c)
	}
}

func (h *Holder) drop(c *client) {
	c.timer.Stop()
	delete(h.waiting, c)
	c.conn.Close()
}
