package peerlink

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
)

// warm is a connection to the peer that others run over (ssh_config(5), ControlMaster). It is a process of its own, which
// outlives this program and ends by itself when nobody has used it for a while.
type warm struct {
	mu      sync.Mutex // one at a time looks whether it is alive
	socket  string
	idle    time.Duration
	options []string // before those of every ssh to the peer
	end     string   // ssh -O: `exit` ends what runs over it, too; `stop` lets that come to its end
}

func (w *warm) master() []string {
	return []string{"-o", "ControlMaster=auto", "-o", "ControlPath=" + w.socket, "-o", "ControlPersist=" + strconv.Itoa(int(w.idle.Seconds()))}
}

// soon is how long a connection that is alive may take to answer: it may have died with the other machine or the network,
// which ssh itself takes seconds to notice.
const soon = 1500 * time.Millisecond

// Warm makes sure that the connection of copies stands, and answers the socket by which ssh takes it. An ssh that finds
// nobody there opens a connection of its own.
func (l *Link) Warm(ctx context.Context, peer machine.Peer, cipher string) (string, error) {
	l.copies.mu.Lock()
	defer l.copies.mu.Unlock()
	over := &warm{socket: l.copies.socket, idle: l.copies.idle, end: l.copies.end, options: l.copies.options}
	if cipher != "" {
		over.options = slices.Concat(over.options, []string{"-c", cipher})
	}
	if l.answers(ctx, over, peer) {
		return over.socket, nil
	}
	_, err := l.ask(ctx, over, peer, "hello")
	if err != nil {
		l.drop(over, peer)
	}
	return over.socket, err
}

// answers says whether a warm connection is alive; one that is not is given up. Called with its lock held.
func (l *Link) answers(ctx context.Context, over *warm, peer machine.Peer) bool {
	if !durable.Exists(over.socket) {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	if _, err := l.ask(limited, over, peer, "hello"); err != nil {
		l.drop(over, peer)
		return false
	}
	return true
}

// drop gives a connection up, so that whoever comes next gets a new one. Called with its lock held.
func (l *Link) drop(over *warm, peer machine.Peer) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	over.tell(ctx, peer)
	os.Remove(over.socket)
}

func (w *warm) tell(ctx context.Context, peer machine.Peer) {
	if durable.Exists(w.socket) {
		exec.CommandContext(ctx, "ssh", "-F", "/dev/null", "-o", "ControlPath="+w.socket, "-O", w.end, peer.User+"@"+peer.Address).Run()
	}
}

// Cool ends the connection of questions.
func (l *Link) Cool(ctx context.Context, peer machine.Peer) { l.questions.tell(ctx, peer) }

// Retire lets nobody more on the connection of copies, which ends with what runs over it.
func (l *Link) Retire(ctx context.Context, peer machine.Peer) { l.copies.tell(ctx, peer) }
