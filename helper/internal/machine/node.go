// Package machine decides. It is pure: a node's durable state and an event go in, the next state or a refusal comes out;
// no clock, no disk, no network. What a state asks of the world is in wanted.go. The invariants that this package keeps
// alone: a side is never open while the other one could be (V1, V3), a lower token or an attempt that is over changes
// nothing (V5), and what ran before a freeze is written down once (V9).
package machine

import (
	"maps"
	"slices"
)

type Role string

const (
	Open   Role = "open"   // services may run
	Closed Role = "closed" // a guard refuses them, after reboots too
)

type Part string

const (
	Giver    Part = "giver"    // serves when the attempt begins
	Receiver Part = "receiver" // the side to be promoted
)

type Phase string

const (
	Idle          Phase = "idle"
	Opened        Phase = "opened"
	Held          Phase = "held"
	Frozen        Phase = "frozen"
	Sealed        Phase = "sealed"
	PhasePromoted Phase = "promoted"
	PhaseDone     Phase = "committed"
)

type Verdict string

const (
	None      Verdict = "none"
	Promoted  Verdict = "promoted"
	Committed Verdict = "committed"
	Void      Verdict = "void"
	Overruled Verdict = "overruled" // it was committed, and the giver was opened all the same
)

type Forwarding string

const (
	NotForwarding Forwarding = ""
	ForwardOn     Forwarding = "on"
	Rejecting     Forwarding = "rejecting" // new connections are refused: forwarding came to its end
)

// Freeze says how far stopping went. It leaves NotStopped before the first unit stops and returns there after the last started.
type Freeze string

const (
	NotStopped Freeze = ""
	Stopping   Freeze = "stopping"
	Stopped    Freeze = "stopped"
	Starting   Freeze = "starting"
)

// Seal is the giver's proof that it is closed for one attempt.
type Seal struct {
	Attempt    int64  `json:"attempt"`
	Token      int64  `json:"token"`
	BootID     string `json:"bootId"`
	Sequence   int64  `json:"sequence"`
	SealedAtMs int64  `json:"sealedAtMs"`
}

type Attempt struct {
	Number      int64           `json:"number"`
	Part        Part            `json:"part"`
	Phase       Phase           `json:"phase"`
	BootID      string          `json:"bootId"`
	Running     map[string]bool `json:"running"`
	LeaseMs     int64           `json:"leaseMs"`
	BudgetMs    int64           `json:"budgetMs"`
	HoldLimitMs int64           `json:"holdLimitMs"`
	// Holding: new connections are to wait. On a receiver: instead of being forwarded.
	Holding bool `json:"holding"`
	// Refusing: held for too long without an answer; held ones were closed and new ones are refused.
	Refusing bool   `json:"refusing"`
	Freeze   Freeze `json:"freeze"`
	// Over: lease or budget ran out or the machine rebooted. Nothing but undoing or an answer of the peer follows.
	Over bool   `json:"over"`
	Why  string `json:"why"`
	// Voided: the seal was undone; this attempt can never be sealed again.
	Voided bool `json:"voided"`
	// Fenced: promoted without a seal, as the other side was cut off.
	Fenced bool  `json:"fenced,omitempty"`
	Seal   *Seal `json:"seal"`
}

// Node is everything that must survive a power cut. It is written as one file, so that no change is ever half made.
type Node struct {
	Move       string            `json:"move"`
	Owner      string            `json:"owner"`
	Token      int64             `json:"token"`
	Execution  string            `json:"execution,omitempty"` // that has the token
	Config     *Config           `json:"config"`
	Role       Role              `json:"role"`
	Highest    int64             `json:"highestAttempt"`
	Attempt    *Attempt          `json:"attempt"`
	Verdicts   map[int64]Verdict `json:"verdicts"`
	Forwarding Forwarding        `json:"forwarding"`
	Tombstone  bool              `json:"tombstone"`
	Sysctls    map[string]string `json:"sysctls"`
	Roots      map[string]RootID `json:"roots"`
	Effects    []Effect          `json:"effects,omitempty"`
	// Overruling is the attempt that was unsealed here without the word of the other side, until that has heard of it.
	Overruling int64 `json:"overruling,omitempty"`
	// Succeeding is the attempt that was committed here over a fence, until the other side has heard of it.
	Succeeding int64 `json:"succeeding,omitempty"`
	// Closings are of its databases.
	Closings []Closing `json:"closings,omitempty"`
	// FencedOff: this side was closed without its word; the units that ran then. Nil: it was not. No omitempty: none is not nil.
	FencedOff map[string]bool `json:"fencedOff"`
}

// RootID is what a root was when it was configured: a pass that deletes needs the same one (V12).
type RootID struct {
	Device string `json:"device"`
	FsUUID string `json:"fsUuid"`
	Inode  uint64 `json:"inode"`
}

// VerdictOf answers what was decided for an attempt.
func (n Node) VerdictOf(attempt int64) Verdict {
	if v, ok := n.Verdicts[attempt]; ok {
		return v
	}
	return None
}

// Phase of the attempt that is open, or idle.
func (n Node) Phase() Phase {
	if n.Attempt == nil {
		return Idle
	}
	return n.Attempt.Phase
}

// Clone copies deeply, so that a refused event leaves nothing behind.
func (n Node) Clone() Node {
	n.Verdicts = maps.Clone(n.Verdicts)
	n.Sysctls = maps.Clone(n.Sysctls)
	n.FencedOff = maps.Clone(n.FencedOff)
	n.Roots = maps.Clone(n.Roots)
	n.Effects = slices.Clone(n.Effects)
	n.Closings = slices.Clone(n.Closings)
	if n.Config != nil {
		c := n.Config.clone()
		n.Config = &c
	}
	if n.Attempt != nil {
		a := *n.Attempt
		a.Running = maps.Clone(a.Running)
		if a.Seal != nil {
			s := *a.Seal
			a.Seal = &s
		}
		n.Attempt = &a
	}
	return n
}

// Refusal is a condition that does not hold, in the words of the protocol.
type Refusal struct {
	Code    string
	Text    string
	Details map[string]any
}

func (r *Refusal) Error() string { return r.Text }

// Event is something that was asked for or observed. apply changes the copy it is given, or refuses.
type Event interface{ apply(n *Node) *Refusal }

// Step is the machine: the state after the event, or the refusal and the state as it was.
func Step(n Node, e Event) (Node, *Refusal) {
	next := n.Clone()
	if r := e.apply(&next); r != nil {
		return n, r
	}
	return next, nil
}
