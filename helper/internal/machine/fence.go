package machine

import "maps"

// FenceOff closes a side that serves, because the other one is to serve without its word. It asks for no attempt and no quiet
// disk: whoever was in the middle of something here has lost. It stays closed over reboots until it is lifted.
type FenceOff struct {
	Call
	// Running is what runs now; a repeat on a closed side keeps what was written down first (V9).
	Running map[string]bool
}

func (e FenceOff) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	if n.Config == nil {
		return refuse(GateClosed, "this node is not configured: it does not know what to stop")
	}
	if a := n.Attempt; a != nil && a.Part == Receiver && n.VerdictOf(a.Number) != Committed {
		n.decide(a.Number, Void)
	}
	if n.FencedOff == nil {
		n.FencedOff = n.ranWhenOpen(e.Running)
	}
	n.Role, n.Attempt, n.Forwarding = Closed, nil, NotForwarding
	return nil
}

// ranWhenOpen: in a freeze nothing runs, but what ran before is written down. Never nil.
func (n *Node) ranWhenOpen(now map[string]bool) map[string]bool {
	ran := map[string]bool{}
	if a := n.Attempt; a != nil && a.Part == Giver && a.Freeze != NotStopped {
		now = a.Running
	}
	maps.Copy(ran, now)
	return ran
}

// Unfence opens a side that was fenced, and no other. Overrule: the attempt in which the other side may have taken over, as
// nobody can ask it; it is told that this counts no more, until it hears.
type Unfence struct {
	Call
	Overrule int64
}

func (e Unfence) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	switch {
	case e.Overrule != 0 && n.Role == Closed && n.FencedOff == nil:
		return refuse(GateClosed, "this side has heard that the other one serves")
	case n.FencedOff != nil && n.Attempt != nil:
		return refuse(GateClosed, "attempt %d is open on this fenced side", n.Attempt.Number)
	case n.FencedOff != nil:
		n.Role, n.FencedOff = Open, nil
	}
	if e.Overrule != 0 {
		n.Overruling, n.Highest = e.Overrule, max(n.Highest, e.Overrule)
	}
	return nil
}
