package machine

import (
	"math/rand/v2"
	"testing"
)

// controller is one execution that runs the rows of the switch; it may be paused, be overtaken, or come back late.
type controller struct {
	token   int64
	attempt int64
	giver   int // which side gives
	row     int
	seal    *Seal
}

const rows = 14

func (w *world) call(c *controller, s *side) Call {
	return Call{Token: c.token, Attempt: c.attempt, BootID: s.bootID()}
}

// next runs one row of the switch; it goes on only when that was granted.
func (w *world) next(c *controller) {
	g, r := w.sides[c.giver], w.sides[1-c.giver]
	ok := true
	switch c.row {
	case 0:
		c.attempt = max(g.node.Highest, r.node.Highest) + 1
		running := map[string]bool{"a.service": g.running}
		ok = w.do(g, OpenAttempt{Call: w.call(c, g), Part: Giver, Running: running, LeaseMs: 5000, BudgetMs: 20000, HoldLimitMs: 30000})
	case 1:
		ok = w.do(r, OpenAttempt{Call: w.call(c, r), Part: Receiver, Running: map[string]bool{}, LeaseMs: 5000, BudgetMs: 20000, HoldLimitMs: 30000})
	case 2:
		if r.node.Forwarding == ForwardOn {
			ok = w.do(r, HoldBegun{w.call(c, r)}) && w.do(r, Hold{w.call(c, r)})
		}
	case 3:
		ok = w.do(g, HoldBegun{w.call(c, g)})
	case 4:
		ok = w.do(g, Hold{w.call(c, g)})
	case 5:
		ok = w.do(g, FreezeBegun{w.call(c, g)})
	case 6:
		if a := g.node.Attempt; a != nil && a.Freeze == Stopping {
			w.stop(g)
		}
		ok = !g.running && w.do(g, FreezeDone{w.call(c, g)})
	case 7:
		if !g.running && r.node.Role == Closed && r.node.Phase() != PhasePromoted {
			g.synced, r.data = g.data, g.data
		}
	case 8:
		ok = w.do(g, SealIt{Call: w.call(c, g), Quiet: g.synced == g.data && !g.running, BudgetLeftMs: 9000, NeedMs: 2000})
		if ok {
			seal := *g.node.Attempt.Seal
			c.seal = &seal
		}
	case 9:
		ok = w.do(r, Promote{Call: w.call(c, r), Seal: c.seal})
		if ok && w.r.IntN(5) > 0 {
			w.start(r)
		}
	case 10:
		was := r.node.Role
		ok = w.do(r, Commit{w.call(c, r)})
		if ok && was == Closed {
			if r.data != g.data {
				w.fail("V2: %d writes were accepted, %d are here at the commit", g.data, r.data)
			}
			w.commits++
			w.backs += c.giver
		}
	case 11:
		ok = w.do(r, Release{Call: w.call(c, r)})
	case 12:
		ok = w.do(g, Release{Call: w.call(c, g), Committed: r.node.VerdictOf(c.attempt) == Committed && w.r.IntN(3) > 0})
	case 13:
		ok = w.do(g, Close{Call: w.call(c, g)}) && w.do(r, Close{Call: w.call(c, r)})
	}
	if ok {
		c.row++
	}
}

// back undoes rows as a controller would, in any order that a confused one may choose.
func (w *world) back(c *controller) {
	g, r := w.sides[c.giver], w.sides[1-c.giver]
	switch w.r.IntN(9) {
	case 0:
		if w.do(r, MakeVoid{Call: w.call(c, r)}) && r.node.Role == Closed {
			w.stop(r)
		}
	case 1:
		w.void(g, r, c.attempt)
	case 2:
		w.do(g, Unseal{Call: w.call(c, g), Reason: ByVoid, Voided: g.asked[c.attempt]})
	case 3:
		if w.do(g, ThawBegun{Call: w.call(c, g)}) && g.node.Attempt != nil && g.node.Attempt.Freeze == Starting {
			w.start(g)
		}
	case 4:
		w.do(g, Thawed{Call: w.call(c, g)})
	case 5:
		w.do(w.sides[w.r.IntN(2)], Unhold{Call: w.call(c, g)})
	case 6:
		w.do(g, Close{Call: w.call(c, g)})
	case 7:
		w.do(r, Close{Call: w.call(c, r)})
	case 8:
		w.word(g, r, w.call(c, g))
	}
}

// alone is the dead man of one side.
func (w *world) alone(s, other *side) {
	if s.node.Overruling != 0 && !s.off && w.r.IntN(2) == 0 {
		w.overrule(s, other)
		return
	}
	a := s.node.Attempt
	if a == nil || !a.Over {
		w.do(s, Expire{Why: "the lease ran out"})
		return
	}
	switch {
	case a.Phase == Sealed && !other.off && other.node.VerdictOf(a.Number) == Committed:
		w.do(s, Release{Alone: true, Committed: true})
	case a.Phase == Sealed && other.off && w.r.IntN(2) == 0: // somebody comes and says so
		w.word(s, other, Call{Token: s.node.Token, Attempt: a.Number, BootID: s.bootID()})
	case a.Phase == Sealed && s.asked[a.Number]:
		w.do(s, Unseal{Alone: true, Reason: ByVoid, Voided: true})
	case a.Phase == Sealed:
		w.do(s, HoldLimit{})
		w.void(s, other, a.Number)
	case a.Freeze != NotStopped && a.Part == Giver:
		if w.do(s, ThawBegun{Alone: true}) {
			w.start(s)
			w.do(s, Thawed{Alone: true})
		}
	default:
		w.do(s, Unhold{Alone: true})
		w.do(s, Close{Alone: true})
	}
}

func TestNeverTwoWriters(t *testing.T) {
	commits, voids, backs, words, overruled := 0, 0, 0, 0, 0
	for seed := range uint64(3000) {
		w := newWorld(t, seed)
		controllers := []*controller{{token: 1}, {token: 1}}
		calm := w.r.IntN(300) // some worlds are orderly for a while, others never
		for range 250 {
			i := w.r.IntN(2)
			c, s := controllers[w.r.IntN(2)], w.sides[i]
			switch p := w.r.IntN(100 + calm); {
			case p < 62 || p >= 100:
				w.next(c)
			case p < 72:
				w.back(c)
			case p < 82:
				w.alone(s, w.sides[1-i])
			case p < 86:
				w.write()
			case p < 88:
				w.start(s) // cron, a person, a socket
			case p < 91:
				w.reboot(s, w.sides[1-i])
			case p < 93: // a new execution, which may give from either side
				c.token = max(w.sides[0].node.Token, w.sides[1].node.Token) + 1
				c.row, c.seal = 0, nil
				w.do(w.sides[0], Claim{Owner: "me", Token: c.token})
				w.do(w.sides[1], Claim{Owner: "me", Token: c.token})
			case p < 96:
				c.row = w.r.IntN(rows)
			case p < 97:
				w.do(s, StopForwarding{w.call(c, s)})
			case p < 98:
				w.do(s, Forward{w.call(c, s)})
			default:
				c.row, c.seal = 0, nil
			}
			if c.row >= rows || c.row == 0 {
				c.row = 0
				if w.sides[1].node.Role == Open {
					c.giver = 1
				} else if w.sides[0].node.Role == Open {
					c.giver = 0
				}
			}
		}
		commits, voids, backs, words, overruled = commits+w.commits, voids+w.voids, backs+w.backs, words+w.words, overruled+w.overruled
	}
	t.Logf("%d commits (%d of them back), %d voids, %d openings on a word (%d against a commit)", commits, backs, voids, words, overruled)
	if commits < 1000 || backs < 200 || voids < 1000 || words < 100 || overruled < 5 {
		t.Fatal("the walk does not reach what it is to test")
	}
}

func TestRefusedEventChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := newWorld(t, 3).sides[0].node
	for range 1000 {
		before := n.Clone()
		next, refusal := Step(n, SealIt{Call: Call{Token: r.Int64N(3), Attempt: r.Int64N(3)}})
		if refusal == nil {
			t.Fatal("a seal without a freeze was granted")
		}
		if next.Role != before.Role || next.Attempt != nil {
			t.Fatal("a refused seal changed the state")
		}
	}
}
