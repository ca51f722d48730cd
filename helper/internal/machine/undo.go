package machine

type UnsealReason string

const (
	ByVoid   UnsealReason = "void"
	ByFence  UnsealReason = "fenced"
	ByPerson UnsealReason = "person"
)

// Unseal opens a sealed giver again: only when its attempt is void on the other side, when that side is fenced, or on a
// person's word. The freeze stays until the thaw.
type Unseal struct {
	Call
	Reason UnsealReason
	// Voided: the peer answered that the attempt is void there and its services are down.
	Voided bool
	Alone  bool // the dead man asked the peer himself; he knows no other reason than void
}

func (e Unseal) apply(n *Node) *Refusal {
	var a *Attempt
	if e.Alone {
		if a = n.Attempt; a == nil || !a.Over || e.Reason != ByVoid {
			return refuse(GateClosed, "no attempt is over")
		}
	} else {
		var r *Refusal
		if a, r = n.attemptOf(e.Call); r != nil {
			if r.Code == AttemptOver && n.overAndDone(e.Call) && n.Role == Open {
				return nil
			}
			return r
		}
	}
	switch {
	case a.Part != Giver:
		return refuse(GateClosed, "only a giver is unsealed")
	case a.Phase == PhaseDone:
		return refuse(GateClosed, "attempt %d is committed, the way back is a switch", a.Number)
	case a.Phase != Sealed:
		return nil
	}
	switch e.Reason {
	case ByVoid:
		if !e.Voided {
			return refuse(GateClosed, "the other side has not made attempt %d void", a.Number)
		}
	case ByFence, ByPerson:
	default:
		return refuse(Usage, "reason is %q, it must be void, fenced or person", e.Reason)
	}
	if e.Reason != ByVoid {
		n.Overruling = a.Number
	}
	n.Role, a.Phase, a.Seal, a.Voided, a.Refusing = Open, Frozen, nil, true, false
	return nil
}

// ThawBegun is written before the first unit starts, Thawed after the last.
type ThawBegun struct {
	Call
	Alone bool
}

func (e ThawBegun) apply(n *Node) *Refusal {
	a, r := n.undoing(e.Call, e.Alone)
	if r != nil || a == nil {
		return r
	}
	switch {
	case a.Part != Giver:
		return refuse(GateClosed, "only a giver thaws")
	case a.Phase == Sealed || a.Phase == PhaseDone || n.Role != Open:
		return refuse(GateClosed, "attempt %d is %s, it must be unsealed first", a.Number, a.Phase)
	case a.Freeze == NotStopped:
		return nil
	}
	a.Freeze, a.Phase = Starting, heldOrOpened(a)
	return nil
}

type Thawed struct {
	Call
	Alone bool
}

func (e Thawed) apply(n *Node) *Refusal {
	a, r := n.undoing(e.Call, e.Alone)
	if r != nil || a == nil {
		return r
	}
	if a.Freeze == Starting {
		a.Freeze = NotStopped
	}
	return nil
}

// Unhold sends the held clients to where they were served before the hold.
type Unhold struct {
	Call
	Alone bool
}

func (e Unhold) apply(n *Node) *Refusal {
	a, r := n.undoing(e.Call, e.Alone)
	if r != nil || a == nil {
		return r
	}
	switch {
	case a.Phase == PhaseDone:
		return refuse(GateClosed, "attempt %d is committed: release, not unhold", a.Number)
	case a.Part == Giver && (a.Phase == Sealed || a.Phase == Frozen || a.Freeze == Stopping || a.Freeze == Stopped):
		return refuse(GateClosed, "attempt %d is %s, thaw first: nobody would serve them", a.Number, a.Phase)
	}
	a.Holding, a.Refusing = false, false
	if a.Phase == Held {
		a.Phase = Opened
	}
	return nil
}

// undoing finds the attempt for a step backwards, which is allowed when it is over too. Nil: it was all undone before.
func (n *Node) undoing(c Call, alone bool) (*Attempt, *Refusal) {
	if alone {
		if n.Attempt == nil || !n.Attempt.Over {
			return nil, refuse(GateClosed, "no attempt is over")
		}
		return n.Attempt, nil
	}
	a, r := n.attemptOf(c)
	if r != nil && r.Code == AttemptOver && n.overAndDone(c) {
		return nil, nil
	}
	return a, r
}

func heldOrOpened(a *Attempt) Phase {
	if a.Holding {
		return Held
	}
	return Opened
}
