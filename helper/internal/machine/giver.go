package machine

// HoldBegun is written before the first rule is made; Hold says that the rules were read back.
type HoldBegun struct{ Call }

func (e HoldBegun) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	switch {
	case a.Part == Receiver && n.Forwarding != ForwardOn && !a.Holding:
		return refuse(GateClosed, "this side receives and does not forward: there is nobody to hold")
	case a.Part == Receiver && a.Phase != Opened && a.Phase != Held:
		return refuse(GateClosed, "attempt %d is %s here", a.Number, a.Phase)
	case a.Voided:
		return refuse(AttemptOver, "attempt %d was made void", a.Number)
	}
	a.Holding = true
	return nil
}

type Hold struct{ Call }

func (e Hold) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	if !a.Holding {
		return refuse(GateClosed, "the hold of attempt %d was undone meanwhile", a.Number)
	}
	if a.Phase == Opened {
		a.Phase = Held
	}
	return nil
}

// FreezeBegun is written before the first unit stops; FreezeDone says that none runs and nobody else writes.
type FreezeBegun struct{ Call }

func (e FreezeBegun) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	switch {
	case a.Part != Giver:
		return refuse(GateClosed, "only the giver freezes")
	case a.Phase == Frozen || a.Phase == Sealed:
		return nil
	case a.Phase != Held:
		return refuse(GateClosed, "attempt %d is %s, hold the clients first", a.Number, a.Phase)
	case a.Freeze == Starting || a.Voided:
		return refuse(AttemptOver, "attempt %d is being undone", a.Number)
	}
	a.Freeze = Stopping
	return nil
}

type FreezeDone struct{ Call }

func (e FreezeDone) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	switch {
	case a.Phase == Frozen || a.Phase == Sealed:
		return nil
	case a.Freeze != Stopping:
		return refuse(GateClosed, "the freeze of attempt %d was undone meanwhile", a.Number)
	}
	a.Freeze, a.Phase = Stopped, Frozen
	return nil
}

// SealIt closes the giver durably. The daemon measures quiet, and what is left of the budget, under the same lock.
type SealIt struct {
	Call
	Quiet        bool
	Loud         string // why it is not quiet
	Sequence     int64
	NeedMs       int64
	BudgetLeftMs int64
	NowMs        int64
}

func (e SealIt) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	switch {
	case a.Part != Giver:
		return refuse(GateClosed, "only the giver is sealed")
	case a.Voided:
		return refuse(AttemptOver, "attempt %d was made void", a.Number)
	case a.Phase == Sealed:
		a.Seal.Token = e.Token // a later execution goes on with the same attempt
		return nil
	case a.Phase != Frozen || a.Freeze != Stopped:
		return refuse(GateClosed, "attempt %d is %s, only what is frozen can be sealed", a.Number, a.Phase)
	case !e.Quiet:
		return refuse(GateClosed, "this side is not quiet: %s", e.Loud)
	case e.BudgetLeftMs < e.NeedMs:
		return &Refusal{OverBudget, "too little of the budget is left to promote", map[string]any{"budgetLeftMs": e.BudgetLeftMs, "needMs": e.NeedMs}}
	}
	a.Phase, n.Role = Sealed, Closed
	a.Seal = &Seal{Attempt: a.Number, Token: e.Token, BootID: e.BootID, Sequence: e.Sequence, SealedAtMs: e.NowMs}
	return nil
}

// Release sends the held clients to the new side. On the giver that needs the commit of the other one, seen or asked.
type Release struct {
	Call
	Committed bool // the peer says so, or a controller with the token
	Alone     bool // the dead man asked the peer himself
}

func (e Release) apply(n *Node) *Refusal {
	var a *Attempt
	if e.Alone {
		if a = n.Attempt; a == nil || !a.Over {
			return refuse(GateClosed, "no attempt is over")
		}
	} else {
		var r *Refusal
		if a, r = n.attemptOf(e.Call); r != nil {
			if r.Code == AttemptOver && n.overAndDone(e.Call) && (n.Forwarding == ForwardOn || n.Role == Open) {
				return nil
			}
			return r
		}
	}
	switch {
	case a.Part == Receiver && a.Phase != PhaseDone:
		return refuse(GateClosed, "attempt %d is %s here, only a committed side releases its clients", a.Number, a.Phase)
	case a.Part == Giver && a.Phase == PhaseDone:
	case a.Part == Giver && a.Phase != Sealed:
		return refuse(GateClosed, "attempt %d is %s, clients go to the other side only after the seal", a.Number, a.Phase)
	case a.Part == Giver && !e.Committed:
		return refuse(GateClosed, "the other side has not committed attempt %d", a.Number)
	case a.Part == Giver:
		a.Phase, a.Freeze, n.Forwarding = PhaseDone, NotStopped, ForwardOn
		n.settleEffects(a.Number)
	}
	a.Holding, a.Refusing = false, false
	return nil
}

// HoldLimit: a sealed giver without an answer holds nobody for longer than was promised.
type HoldLimit struct{}

func (e HoldLimit) apply(n *Node) *Refusal {
	if a := n.Attempt; a != nil && a.Over && a.Phase == Sealed && a.Holding {
		a.Refusing = true
	}
	return nil
}
