package daemon

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"
)

// copiers knows which processes write for a copy that was let in. The recorder asks when it reads of a change, and who
// had one small file to write is gone by then: so such a process is told of before it writes (the peer verb does).
type copiers struct {
	paths paths.Paths
	mu    sync.Mutex
	known map[int]writer
}

type writer struct {
	copies bool
	seen   time.Time
}

func newCopiers(p paths.Paths) *copiers { return &copiers{paths: p, known: map[int]writer{}} }

// told is called with every process of a session that was let in, in so far as its beginning is noticed.
func (c *copiers) told(pid int) error {
	_, session, alive := processOf(pid)
	if !alive || !c.registered(session) {
		return &machine.Refusal{Code: machine.GateClosed, Text: "process " + strconv.Itoa(pid) + " belongs to no copy that was let in"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[pid] = writer{true, time.Now()}
	return nil
}

// wrote says whether a change was made by such a process: that one is not news to the other side.
func (c *copiers) wrote(pid int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.known[pid]; ok && time.Since(known.seen) < 5*time.Second {
		return known.copies
	}
	_, session, alive := processOf(pid)
	if !alive {
		return c.known[pid].copies // ended since: what was known of it holds still
	}
	// Of others nothing has to be remembered once they are gone.
	if len(c.known) > 1000 {
		maps.DeleteFunc(c.known, func(_ int, known writer) bool { return !known.copies })
	}
	copies := c.registered(session)
	c.known[pid] = writer{copies, time.Now()}
	return copies
}

// ended lists who copied and is gone. Once all that happened so far has been read of, forget takes the list: a number
// may be somebody else's next.
func (c *copiers) ended() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := []int{}
	for pid, known := range c.known {
		if !known.copies {
			continue
		}
		if _, _, alive := processOf(pid); !alive {
			gone = append(gone, pid)
		}
	}
	return gone
}

func (c *copiers) forget(pids []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pid := range pids {
		delete(c.known, pid)
	}
}

func (c *copiers) registered(session int) bool {
	_, err := os.Stat(filepath.Join(c.paths.Receivers(), strconv.Itoa(session)))
	return err == nil
}
