package machine

import "fmt"

// Call is what every request of a controller carries.
type Call struct {
	Token   int64
	Attempt int64
	BootID  string // of the machine now, filled in by the daemon
}

// Codes of refusals; docs/helper-protocol.md has their meaning.
const (
	TokenStale     = "token-stale"
	AttemptOver    = "attempt-over"
	OwnedByOther   = "owned-by-other"
	GateClosed     = "gate-closed"
	OverBudget     = "over-budget"
	NodeFailed     = "node-failed"
	NodeToolAbsent = "node-tool-missing"
	Usage          = "usage"
)

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Authorize lets only the holder of the claimed token through: a lower one was overtaken, a higher one has to claim first.
func (n *Node) Authorize(token int64) *Refusal {
	switch {
	case n.Owner == "":
		return refuse(GateClosed, "this node is not claimed yet")
	case token < n.Token:
		return &Refusal{TokenStale, fmt.Sprintf("token %d was overtaken by %d", token, n.Token), map[string]any{"highest": n.Token}}
	case token > n.Token:
		return refuse(GateClosed, "token %d was not claimed, this node knows %d", token, n.Token)
	case n.Tombstone:
		return refuse(GateClosed, "this node is finished: only a higher claim is taken")
	}
	return nil
}

// attemptOf finds the attempt that a call speaks of, over or not.
func (n *Node) attemptOf(c Call) (*Attempt, *Refusal) {
	if r := n.Authorize(c.Token); r != nil {
		return nil, r
	}
	if n.Attempt == nil || n.Attempt.Number != c.Attempt {
		return nil, refuse(AttemptOver, "attempt %d is not open here, the highest one seen is %d", c.Attempt, n.Highest)
	}
	return n.Attempt, nil
}

// liveAttempt is attemptOf for what needs the attempt to go on.
func (n *Node) liveAttempt(c Call) (*Attempt, *Refusal) {
	a, r := n.attemptOf(c)
	if r != nil {
		return nil, r
	}
	if a.Over {
		return nil, refuse(AttemptOver, "attempt %d is over: %s", a.Number, a.Why)
	}
	if a.BootID != c.BootID {
		return nil, refuse(AttemptOver, "attempt %d is over: this machine was started anew", a.Number)
	}
	return a, nil
}

// overAndDone says that a call to undo has nothing left to do: the attempt was ended, by the dead man or an earlier call.
func (n *Node) overAndDone(c Call) bool {
	return n.Attempt == nil && c.Attempt <= n.Highest
}
