package machine

// Overrule is what a giver tells that was opened on a fence or a person's word: this side was thought to be off, and what
// was decided here for the attempt counts no more. A commit of it closes again; what was written since then stays.
type Overrule struct{ Attempt int64 }

func (e Overrule) apply(n *Node) *Refusal {
	if n.VerdictOf(e.Attempt) != Committed {
		return MakeVoid{Call: Call{Attempt: e.Attempt}, ByPeer: true}.apply(n)
	}
	if n.Role != Open {
		return refuse(GateClosed, "attempt %d was committed here, and this side gave its data away since", e.Attempt)
	}
	for attempt, verdict := range n.Verdicts {
		if attempt > e.Attempt && verdict == Committed {
			return refuse(GateClosed, "attempt %d was committed here after attempt %d", attempt, e.Attempt)
		}
	}
	n.decide(e.Attempt, Overruled)
	n.Role, n.Attempt, n.Succeeding = Closed, nil, 0
	return nil
}

// Heard says that the other side knows of it.
type Heard struct{ Attempt int64 }

func (e Heard) apply(n *Node) *Refusal {
	if n.Overruling == e.Attempt {
		n.Overruling = 0
	}
	return nil
}
