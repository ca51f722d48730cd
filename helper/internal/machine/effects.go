package machine

import (
	"slices"
)

// Effect is what takes one effect of a mover back: written down before the effect, run newest first when the attempt is
// undone, dropped when it is committed.
type Effect struct {
	Attempt int64    `json:"attempt"`
	ID      string   `json:"id"`
	Undo    []string `json:"undo"`
	// Always: it ends something that is to end with the commit as well, like a pause.
	Always bool `json:"always,omitempty"`
}

// Act says that a mover is about to do something within an attempt. On a giver that is only what is frozen, so that every
// undo comes with a thaw; a receiver must not have been made void.
type Act struct {
	Call
	ID   string
	Undo []string // nothing: the effect needs none
	// Always: the undo is run at a commit or release, too.
	Always bool
}

func (e Act) apply(n *Node) *Refusal {
	a, r := n.liveAttempt(e.Call)
	if r != nil {
		return r
	}
	switch {
	case a.Voided:
		return refuse(AttemptOver, "attempt %d was made void", a.Number)
	case a.Phase == PhaseDone:
		return refuse(GateClosed, "attempt %d is committed, nothing of it is to be undone any more", a.Number)
	case a.Part == Giver && (a.Freeze != Stopped || a.Phase != Frozen && a.Phase != Sealed):
		return refuse(GateClosed, "attempt %d is %s, only what is frozen is acted upon", a.Number, a.Phase)
	case len(e.Undo) == 0:
		return nil
	case e.ID == "":
		return refuse(Usage, "an effect that can be undone needs an id")
	}
	effect := Effect{a.Number, e.ID, e.Undo, e.Always}
	known := func(other Effect) bool { return other.Attempt == a.Number && other.ID == e.ID }
	if i := slices.IndexFunc(n.Effects, known); i >= 0 {
		n.Effects[i] = effect // a repeat of the step: its place in the order stays
		return nil
	}
	n.Effects = append(n.Effects, effect)
	return nil
}

// Undone says that an effect was taken back.
type Undone struct {
	Attempt int64
	ID      string
}

func (e Undone) apply(n *Node) *Refusal {
	n.Effects = slices.DeleteFunc(n.Effects, func(known Effect) bool { return known.Attempt == e.Attempt && known.ID == e.ID })
	return nil
}

// Due are the effects that are to be taken back now, newest first.
func (n Node) Due() []Effect {
	due := []Effect{}
	for _, effect := range slices.Backward(n.Effects) {
		if n.isDue(effect) {
			due = append(due, effect)
		}
	}
	return due
}

func (n Node) isDue(effect Effect) bool {
	a := n.Attempt
	switch {
	case a == nil || a.Number != effect.Attempt:
		return true // what was committed is not here any more, but for what always ends
	case a.Phase == PhaseDone:
		return true
	case a.Part == Receiver:
		return a.Over || a.Voided
	}
	return a.Phase != Sealed && (a.Over || a.Freeze == Starting)
}

// keepsEffects says that something of an attempt is still to be taken back.
func (n *Node) keepsEffects(attempt int64) bool {
	return slices.ContainsFunc(n.Effects, func(effect Effect) bool { return effect.Attempt == attempt })
}

// settleEffects drops what was committed: from now on it is how things are. What always ends is due.
func (n *Node) settleEffects(attempt int64) {
	n.Effects = slices.DeleteFunc(n.Effects, func(effect Effect) bool { return effect.Attempt == attempt && !effect.Always })
}
