// Package rules turns what a node wants with its ports into packet filter rules of its own, and nothing else's.
package rules

import (
	"context"
	"net/netip"
)

// Plan is all that the rules of one move depend on.
type Plan struct {
	Table string // name of the table, or stem of the chains
	Peer  netip.Addr
	Allow []netip.Prefix
	TCP   []int
	UDP   []int
	// Anchor keeps connection tracking and address translation alive where nobody else needs them: the kernel unhooks both
	// with the last rule that uses them, and connections that go on, held ones that were just released among them, hang.
	Anchor bool
	// Catch sends new connections to the holder's ports; empty: nobody is held.
	Catch map[int]int
	// Own are TCP ports of databases that movers speak to on this node's loopback, and the peer by a way: root gets there
	// whoever else is held or forwarded.
	Own []int
	// Silent are UDP ports whose datagrams are dropped meanwhile: who hears nothing asks again, who is refused gives up.
	Silent []int
	// SilentTCP are TCP ports of which every segment is dropped, of connections that stand as well: they go on later.
	SilentTCP []int
	// Forward sends new connections to the peer. Splice are the holder's ports for those that the kernel cannot carry
	// over: clients on loopback, and clients of the family that the peer does not have.
	Forward bool
	Splice  map[int]int
	// Headers are TCP ports of which the holder carries every connection, as only it can put a PROXY header in front.
	Headers []int
	Relay   map[int]int // the same for datagrams
	// Reject refuses everybody, PortGuard everybody but the peer and what is allowed.
	Reject    bool
	PortGuard bool
}

// Flows counts what was forwarded since the rules were first made.
type Flows struct{ Connections, Packets int64 }

// Rules keeps the rules of one move in the kernel. Apply is all or nothing: a refused plan leaves the old rules.
type Rules interface {
	Name() string
	// Apply makes the rules so and answers a digest of what was read back.
	Apply(ctx context.Context, plan Plan) (string, error)
	// Intact says whether what was applied last still stands.
	Intact(ctx context.Context) bool
	Flows(ctx context.Context) (Flows, error)
	// Remove takes everything of this move out of the kernel.
	Remove(ctx context.Context, table string) error
	// Leave ends what serves the rules from outside the kernel.
	Leave()
	// Lost is ready when rules vanished with the program that owned them.
	Lost() <-chan struct{}
}
