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
	case n.VerdictOf(e.Attempt) == Committed:
		return refuse(GateClosed, "attempt %d was committed here", e.Attempt)
	}
	n.Highest = e.Attempt
	n.Role, n.Attempt, n.Forwarding = Closed, nil, NotForwarding
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
