package machine

import "slices"

// OpenAttempt begins an attempt, or answers the one that is open since the same boot. What runs is written down here,
// before any effect, and a repeat never overwrites it (V9).
type OpenAttempt struct {
	Call
	Part        Part
	Running     map[string]bool
	LeaseMs     int64
	BudgetMs    int64
	HoldLimitMs int64
	LastAttempt int64 // the highest one that the caller knows of
}

func (e OpenAttempt) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	if n.Config == nil {
		return refuse(GateClosed, "this node is not configured yet")
	}
	if a := n.Attempt; a != nil && a.Number == e.Attempt {
		switch {
		case a.Part != e.Part:
			return refuse(Usage, "attempt %d is open here as %s", a.Number, a.Part)
		case a.Over || a.BootID != e.BootID:
			return refuse(AttemptOver, "attempt %d is over: %s", a.Number, a.Why)
		}
		return nil
	}
	if e.LeaseMs < 100 || (e.Part == Giver && e.BudgetMs < 100) || e.HoldLimitMs < 0 {
		return refuse(Usage, "a lease of %d ms and a budget of %d ms are too short", e.LeaseMs, e.BudgetMs)
	}
	if e.Attempt <= n.Highest || e.Attempt <= e.LastAttempt || e.Attempt < 1 {
		return refuse(AttemptOver, "attempt %d is over, the highest one seen is %d", e.Attempt, max(n.Highest, e.LastAttempt))
	}
	if a := n.Attempt; a != nil && !n.replaceable(a) {
		return refuse(GateClosed, "attempt %d is still open here, it is %s", a.Number, a.Phase)
	}
	switch {
	case len(n.Effects) > 0:
		return refuse(GateClosed, "%s of attempt %d is not taken back yet", n.Effects[0].ID, n.Effects[0].Attempt)
	case e.Part != Giver && e.Part != Receiver:
		return refuse(Usage, "part is %q, it must be giver or receiver", e.Part)
	case e.Part == Giver && n.Role != Open:
		return refuse(GateClosed, "this side is closed, it cannot give")
	case e.Part == Receiver && n.Role != Closed:
		return refuse(GateClosed, "this side is open, it cannot receive")
	}
	n.Highest = e.Attempt
	n.Attempt = &Attempt{
		Number: e.Attempt, Part: e.Part, Phase: Opened, BootID: e.BootID, Running: e.Running,
		LeaseMs: e.LeaseMs, BudgetMs: e.BudgetMs, HoldLimitMs: e.HoldLimitMs,
	}
	return nil
}

// Renew asks whether an attempt still has time to be given more of.
type Renew struct{ Call }

func (e Renew) apply(n *Node) *Refusal {
	_, r := n.liveAttempt(e.Call)
	return r
}

// replaceable: nothing of the attempt is left to undo, so that a later one may take its place.
func (n *Node) replaceable(a *Attempt) bool {
	if a.Holding || a.Freeze != NotStopped || a.Phase == Sealed || n.keepsEffects(a.Number) {
		return false
	}
	return a.Part == Giver || n.VerdictOf(a.Number) != Promoted
}

// Expire says that lease or budget ran out, or that the machine was started anew. The daemon raises it, never a caller.
type Expire struct{ Why string }

func (e Expire) apply(n *Node) *Refusal {
	a := n.Attempt
	if a == nil || a.Over || a.Phase == PhaseDone && !a.Holding {
		return nil
	}
	if a.Part == Giver {
		a.Over, a.Why = true, e.Why
		return nil
	}
	switch {
	case !a.Holding: // the verdict of a receiver is for its peer or a controller to decide
	case a.Phase == PhaseDone:
		a.Holding = false // they are served here
	default:
		// They were served by the giver, which may be frozen still: they wait until it serves again.
		a.Over, a.Why = true, e.Why
	}
	return nil
}

// Booted ends what belonged to the boot before: a freeze may thaw, a promotion that was not committed is void.
type Booted struct{ BootID string }

func (e Booted) apply(n *Node) *Refusal {
	a := n.Attempt
	if a == nil || a.BootID == e.BootID {
		return nil
	}
	const why = "this machine was started anew"
	a.Holding, a.Refusing = false, false
	if a.Part == Receiver {
		if n.VerdictOf(a.Number) == Promoted {
			n.decide(a.Number, Void)
		}
		n.Attempt = nil
		return nil
	}
	if a.Phase == PhaseDone {
		n.Attempt = nil
		return nil
	}
	a.Over, a.Why = true, why
	return nil
}

// Close ends an attempt of which nothing is left to undo.
type Close struct {
	Call
	Alone bool // the dead man closes what he has undone
}

func (e Close) apply(n *Node) *Refusal {
	if e.Alone {
		if a := n.Attempt; a == nil || !a.Over {
			return refuse(GateClosed, "no attempt is over")
		}
	} else if _, r := n.attemptOf(e.Call); r != nil {
		if r.Code == AttemptOver && n.overAndDone(e.Call) {
			return nil
		}
		return r
	}
	if a := n.Attempt; a.Phase != PhaseDone && !n.replaceable(a) || a.Holding {
		return refuse(GateClosed, "attempt %d is %s, it cannot be closed before that is undone", a.Number, a.Phase)
	}
	n.Attempt = nil
	return nil
}

// Renewable asks whether an attempt is alive and in one of the phases given.
func Renewable(c Call, phases ...Phase) Event { return inPhase{c, phases} }

type inPhase struct {
	Call
	phases []Phase
}

func (e inPhase) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r == nil && !slices.Contains(e.phases, a.Phase) {
		r = refuse(GateClosed, "attempt %d is %s", a.Number, a.Phase)
	}
	return r
}
