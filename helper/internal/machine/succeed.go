package machine

// Succeeded is what a side tells the other one that was fenced when this one was promoted: it serves now, so whoever comes
// back from behind a fence closes. What was written there since the last copy stays on its disks.
type Succeeded struct{ Attempt int64 }

func (e Succeeded) apply(n *Node) *Refusal {
	switch {
	case e.Attempt < 1:
		return refuse(Usage, "which attempt?")
	case e.Attempt < n.Highest:
		return refuse(GateClosed, "attempt %d was seen here after attempt %d", n.Highest, e.Attempt)
	case e.Attempt == n.Overruling:
		return refuse(GateClosed, "attempt %d counts no more here: this side was opened as the other one was off", e.Attempt)
	case n.VerdictOf(e.Attempt) == Committed:
		return refuse(GateClosed, "attempt %d was committed here", e.Attempt)
	}
	n.Highest = e.Attempt
	// It is no fence any more that keeps it closed, so none is lifted.
	n.Role, n.Attempt, n.Forwarding, n.FencedOff = Closed, nil, NotForwarding, nil
	return nil
}

// Known says that the other side knows of it.
type Known struct{ Attempt int64 }

func (e Known) apply(n *Node) *Refusal {
	if n.Succeeding == e.Attempt {
		n.Succeeding = 0
	}
	return nil
}
