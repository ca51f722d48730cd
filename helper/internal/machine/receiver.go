package machine

// Fence is what promotes without a seal: the old side was cut off and that was read back, or a person vouches for it.
type Fence struct {
	By    string `json:"by"`
	Token int64  `json:"token"`
}

// Promote starts the services on the receiver for checks. Its verdict is on disk before the first of them starts.
type Promote struct {
	Call
	Seal  *Seal
	Fence *Fence
}

func (e Promote) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	if a.Part != Receiver {
		return refuse(GateClosed, "only a receiver is promoted")
	}
	switch {
	case e.Seal != nil && (e.Seal.Attempt != e.Attempt || e.Seal.Token != e.Token):
		return refuse(GateClosed, "the seal is of attempt %d and token %d, this is attempt %d and token %d", e.Seal.Attempt, e.Seal.Token, e.Attempt, e.Token)
	case e.Seal == nil && (e.Fence == nil || e.Fence.Token != e.Token || e.Fence.By == ""):
		return refuse(GateClosed, "a promotion needs the seal of the other side, or its fence")
	}
	switch v := n.VerdictOf(a.Number); v {
	case Promoted, Committed:
		return nil
	case Void, Overruled:
		return refuse(GateClosed, "attempt %d is void", a.Number)
	}
	if n.Role != Closed {
		return refuse(GateClosed, "this side is open already")
	}
	n.decide(a.Number, Promoted)
	a.Phase, a.Fenced = PhasePromoted, e.Seal == nil
	return nil
}

// Commit makes the promotion final and this side the open one.
type Commit struct{ Call }

func (e Commit) apply(n *Node) *Refusal {
	if n.VerdictOf(e.Attempt) == Committed {
		return n.Authorize(e.Token)
	}
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	if v := n.VerdictOf(a.Number); v != Promoted || a.Phase != PhasePromoted {
		return refuse(GateClosed, "the verdict on attempt %d is %s, only a promotion is committed", a.Number, v)
	}
	n.decide(a.Number, Committed)
	if a.Fenced {
		n.Succeeding = a.Number
	}
	a.Phase, n.Role, n.Forwarding, n.FencedOff = PhaseDone, Open, NotForwarding, nil
	n.settleEffects(a.Number)
	return nil
}

// MakeVoid decides an attempt against the receiver. The giver asks for it over the peer channel, a controller as demote.
// Attempts that were never opened here can be made void too: a late promotion then finds the door shut.
type MakeVoid struct {
	Call
	ByPeer bool
}

func (e MakeVoid) apply(n *Node) *Refusal {
	if !e.ByPeer {
		if r := n.Authorize(e.Token); r != nil {
			return r
		}
	}
	if e.Attempt < 1 {
		return refuse(Usage, "which attempt?")
	}
	switch v := n.VerdictOf(e.Attempt); {
	case v == Committed:
		return refuse(GateClosed, "attempt %d is committed", e.Attempt)
	case n.Role == Open:
		return refuse(GateClosed, "this side is open: the other one must not be")
	case v == Void || v == Overruled:
		return nil
	}
	a := n.Attempt
	if a != nil && a.Number == e.Attempt && a.Part == Giver {
		return refuse(GateClosed, "this side gives in attempt %d, the verdict lies on the other one", e.Attempt)
	}
	n.decide(e.Attempt, Void)
	n.Highest = max(n.Highest, e.Attempt)
	if a != nil && a.Number == e.Attempt {
		a.Phase, a.Voided = heldOrOpened(a), true
	}
	return nil
}

func (n *Node) decide(attempt int64, v Verdict) {
	if n.Verdicts == nil {
		n.Verdicts = map[int64]Verdict{}
	}
	n.Verdicts[attempt] = v
}

// Forward wants the rules that send stragglers on. It never begins forwarding: only a release does.
type Forward struct{ Call }

func (e Forward) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	if n.Role != Closed || n.Forwarding == NotForwarding {
		return refuse(GateClosed, "this side did not give its clients away, it has nothing to forward")
	}
	if n.Attempt != nil && n.Attempt.Part == Receiver {
		return refuse(GateClosed, "attempt %d is open and this side receives", n.Attempt.Number)
	}
	n.Forwarding = ForwardOn
	return nil
}

// StopForwarding refuses from now on what was forwarded.
type StopForwarding struct{ Call }

func (e StopForwarding) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	switch {
	case n.Role != Closed:
		return refuse(GateClosed, "this side is open, it forwards nothing")
	case n.Attempt != nil && n.Attempt.Phase != PhaseDone:
		return refuse(GateClosed, "attempt %d is open", n.Attempt.Number)
	}
	n.Forwarding = Rejecting
	return nil
}
