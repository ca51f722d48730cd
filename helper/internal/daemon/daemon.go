// Package daemon carries out what the machine decides: one process for each move, one lock for its state, and the dead
// man's watch over the time that was granted.
package daemon

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/holder"
	"lifeboat/helper/internal/journal"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"
	"lifeboat/helper/internal/peerlink"
	"lifeboat/helper/internal/rules"
)

type Daemon struct {
	paths   paths.Paths
	version string
	build   string
	bootID  string
	journal *journal.Journal
	peer    *peerlink.Link
	holder  *holder.Holder
	relay   *holder.Relay
	rules   rules.Rules
	why     string // why there are no rules, when there are none

	// mu guards what is decided: the state, its file, the marks that units look at, and the time that is left. It is held
	// for file writes only, so that a renewal or the dead man never waits for an effect.
	mu    sync.Mutex
	node  machine.Node
	clock deadlines
	// admitted counts who was let in to copy since this program began, for each root: a comparison holds only while
	// nobody more comes.
	admitted map[string]int64

	// effects guards what is done: rules, holder and units are changed by one at a time.
	effects sync.Mutex
	ways    *rules.Ways // what was opened in the node's own firewall; nil: not known
	plan    rules.Plan  // what was applied last

	// attempt is cancelled when the attempt is over, so that a freeze or a promotion in progress gives way.
	attempt context.Context
	giveUp  context.CancelFunc

	traffic   traffic
	echo      echo
	recording *recording
	rehearsal rehearsing
	leading   leading
	manifests manifests
	trouble   trouble
	lonely    bool // the timer's program: no socket, no holder
	returning atomic.Bool
}

// New reads the state of this node. A state that cannot be read stops everything: guessing could open a second writer.
func New(ctx context.Context, p paths.Paths, version, build string) (*Daemon, error) {
	for _, dir := range []string{p.Folder(), p.Record(), p.Runtime(), p.Receivers(), p.Relays()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	isFirstOfBoot := boot.IsNew(p.Runtime())
	id, err := boot.ID(p.Runtime())
	if err != nil {
		return nil, err
	}
	d := &Daemon{paths: p, version: version, build: build, bootID: id, journal: journal.Open(p.Journal()), peer: peerlink.New(p), holder: holder.New(), relay: holder.NewRelay()}
	d.node.Move, d.admitted = p.Move, map[string]int64{}
	if _, err := durable.ReadJSON(p.State(), &d.node); err != nil {
		return nil, fmt.Errorf("the state of this node cannot be read: %w", err)
	}
	d.returning.Store(d.mustAsk(isFirstOfBoot))
	d.clock = loadDeadlines(p.DeadMan(), id)
	d.renewAttemptContext()
	d.rules, d.why = chooseRules(ctx)
	d.recording = newRecording(d)
	d.rehearsal.found(p.Rehearsal())
	return d, nil
}

func chooseRules(ctx context.Context) (rules.Rules, string) {
	if nft := rules.NewNFT(ctx); nft != nil {
		return nft, ""
	}
	if iptables := rules.NewIPTables(ctx); iptables != nil {
		return iptables, ""
	}
	return nil, "neither nftables nor iptables can be used on this node"
}

func (d *Daemon) renewAttemptContext() {
	if d.giveUp != nil {
		d.giveUp()
	}
	d.attempt, d.giveUp = context.WithCancel(context.Background())
}

// step puts an event to the machine and makes its decision durable before anybody hears of it. An attempt whose time is
// over is over first: nothing is granted between the deadline and the dead man's next look.
func (d *Daemon) step(event machine.Event) error {
	return d.stepWith(func(machine.Node) machine.Event { return event })
}

// stepWith is step for events that carry facts which hold only under the lock.
func (d *Daemon) stepWith(event func(machine.Node) machine.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.expireIfDue(); err != nil {
		return err
	}
	return d.decide(event(d.node))
}

// decide is called with mu held.
func (d *Daemon) decide(event machine.Event) error {
	next, refusal := machine.Step(d.node, event)
	if refusal != nil {
		return refusal
	}
	if same(next, d.node) {
		return nil
	}
	if err := d.persist(next); err != nil {
		return fmt.Errorf("the decision could not be written to disk: %w", err)
	}
	before := d.node
	d.node = next
	d.journal.Add(describe(event), before, next)
	if attemptEnded(before, next) {
		d.renewAttemptContext()
	}
	return nil
}

// persist orders the writes so that a power cut between them leaves the safe half: a guard is shut before the state says
// closed, and opened after the state says open; what lets services start for checks goes before, comes after.
func (d *Daemon) persist(next machine.Node) error {
	wanted := machine.Wanted(next)
	type mark struct {
		path   string
		wanted bool
		shuts  bool // its presence forbids
	}
	marks := []mark{
		{d.paths.Closed(), wanted.ClosedMark, true},
		{d.paths.Frozen(), wanted.FrozenMark, true},
		{d.paths.Promoted(), wanted.PromotedMark, false},
	}
	for _, m := range marks {
		if m.wanted == m.shuts {
			if err := durable.Mark(m.path, m.wanted); err != nil {
				return err
			}
		}
	}
	if err := durable.WriteJSON(d.paths.State(), next); err != nil {
		return err
	}
	for _, m := range marks {
		if m.wanted != m.shuts {
			if err := durable.Mark(m.path, m.wanted); err != nil {
				return err
			}
		}
	}
	return nil
}

// now is a copy of the state.
func (d *Daemon) now() machine.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.node.Clone()
}

// attemptContext ends with the attempt that is open.
func (d *Daemon) attemptContext(parent context.Context) (context.Context, context.CancelFunc) {
	d.mu.Lock()
	over := d.attempt
	d.mu.Unlock()
	ctx, cancel := context.WithCancel(parent)
	stop := context.AfterFunc(over, cancel)
	return ctx, func() { stop(); cancel() }
}

func attemptEnded(before, next machine.Node) bool {
	a, b := before.Attempt, next.Attempt
	switch {
	case a == nil:
		return b != nil
	case b == nil || a.Number != b.Number:
		return true
	}
	return b.Over != a.Over || b.Voided != a.Voided
}

const tick = 100 * time.Millisecond
