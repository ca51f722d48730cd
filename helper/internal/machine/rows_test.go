package machine

import (
	"slices"
	"testing"
)

// walk brings a fresh giver or receiver to a phase.
func walk(t *testing.T, part Part, events ...Event) Node {
	t.Helper()
	role := Open
	if part == Receiver {
		role = Closed
	}
	c := Config{Role: role, Services: []string{"a.service"}}
	n := Node{Owner: "me", Token: 5, Role: role, Config: &c}
	all := append([]Event{OpenAttempt{Call: at(3), Part: part, Running: map[string]bool{"a.service": true}, LeaseMs: 5000, BudgetMs: 20000}}, events...)
	for _, e := range all {
		next, refusal := Step(n, e)
		if refusal != nil {
			t.Fatalf("%T: %s", e, refusal.Text)
		}
		n = next
	}
	return n
}

func at(attempt int64) Call { return Call{Token: 5, Attempt: attempt, BootID: "b"} }

var (
	toHeld     = []Event{HoldBegun{at(3)}, Hold{at(3)}}
	toFrozen   = append(toHeld[:2:2], FreezeBegun{at(3)}, FreezeDone{at(3)})
	toSealed   = append(toFrozen[:4:4], SealIt{Call: at(3), Quiet: true, BudgetLeftMs: 9000, NeedMs: 1000, Sequence: 7})
	toPromoted = []Event{Promote{Call: at(3), Seal: &Seal{Attempt: 3, Token: 5}}}
	toDone     = append(toPromoted[:1:1], Commit{at(3)})
)

// commitOf5 is a way there and back later.
type commitOf5 struct{}

func (commitOf5) apply(n *Node) *Refusal { n.decide(5, Committed); return nil }

// remove asks whether the helper may be taken off.
type remove struct{}

func (remove) apply(n *Node) *Refusal { return n.MayRemove(5, true) }

func TestRefusals(t *testing.T) {
	seal := SealIt{Call: at(3), Quiet: true, BudgetLeftMs: 9000, NeedMs: 1000}
	boot2 := Call{Token: 5, Attempt: 3, BootID: "b2"}
	expire := Expire{Why: "the lease ran out"}
	for _, c := range []struct {
		title string
		node  Node
		event Event
		code  string
	}{
		{"a seal needs the freeze", walk(t, Giver, toHeld...), seal, GateClosed},
		{"a freeze that is not through cannot be sealed", walk(t, Giver, append(toHeld[:2:2], FreezeBegun{at(3)})...), seal, GateClosed},
		{"a seal needs quiet", walk(t, Giver, toFrozen...), SealIt{Call: at(3), BudgetLeftMs: 9000}, GateClosed},
		{"a seal needs time to promote", walk(t, Giver, toFrozen...), SealIt{Call: at(3), Quiet: true, BudgetLeftMs: 900, NeedMs: 1000}, OverBudget},
		{"a seal after the lease is refused", walk(t, Giver, append(toFrozen[:4:4], expire)...), seal, AttemptOver},
		{"a seal in another boot is refused", walk(t, Giver, toFrozen...), SealIt{Call: boot2, Quiet: true, BudgetLeftMs: 9000}, AttemptOver},
		{"a lower token is refused", walk(t, Giver, toFrozen...), SealIt{Call: Call{4, 3, "b"}, Quiet: true}, TokenStale},
		{"a higher token must claim first", walk(t, Giver, toFrozen...), SealIt{Call: Call{6, 3, "b"}, Quiet: true}, GateClosed},
		{"a sealed side does not thaw", walk(t, Giver, toSealed...), ThawBegun{Call: at(3)}, GateClosed},
		{"a sealed side lets its clients go only after the commit", walk(t, Giver, toSealed...), Release{Call: at(3)}, GateClosed},
		{"a frozen side lets no client go", walk(t, Giver, toFrozen...), Release{Call: at(3), Committed: true}, GateClosed},
		{"unseal needs the void", walk(t, Giver, toSealed...), Unseal{Call: at(3), Reason: ByVoid}, GateClosed},
		{"unseal needs a reason that exists", walk(t, Giver, toSealed...), Unseal{Call: at(3), Reason: "hurry"}, Usage},
		{"unseal of another attempt is refused", walk(t, Giver, toSealed...), Unseal{Call: at(2), Reason: ByPerson}, AttemptOver},
		{"what was unsealed is not sealed again", walk(t, Giver, append(toSealed[:5:5], Unseal{Call: at(3), Reason: ByPerson})...), seal, AttemptOver},
		{"unhold before the thaw is refused", walk(t, Giver, toFrozen...), Unhold{Call: at(3)}, GateClosed},
		{"an attempt that holds is not closed", walk(t, Giver, toHeld...), Close{Call: at(3)}, GateClosed},
		{"a later attempt does not push a frozen one aside", walk(t, Giver, toFrozen...), OpenAttempt{Call: at(4), Part: Giver, LeaseMs: 5000, BudgetMs: 20000}, GateClosed},
		{"an attempt that was seen is over", walk(t, Giver, Close{Call: at(3)}), OpenAttempt{Call: at(3), Part: Giver, LeaseMs: 5000, BudgetMs: 20000}, AttemptOver},
		{"promotion needs a seal or a fence", walk(t, Receiver), Promote{Call: at(3)}, GateClosed},
		{"the seal of another attempt does not promote", walk(t, Receiver), Promote{Call: at(3), Seal: &Seal{Attempt: 2, Token: 5}}, GateClosed},
		{"the seal of another token does not promote", walk(t, Receiver), Promote{Call: at(3), Seal: &Seal{Attempt: 3, Token: 4}}, GateClosed},
		{"what is void is not promoted", walk(t, Receiver, MakeVoid{Call: at(3), ByPeer: true}), toPromoted[0], GateClosed},
		{"what is void is not committed", walk(t, Receiver, append(toPromoted[:1:1], MakeVoid{Call: at(3), ByPeer: true})...), Commit{at(3)}, GateClosed},
		{"what is committed is not made void", walk(t, Receiver, toDone...), MakeVoid{Call: at(3), ByPeer: true}, GateClosed},
		{"commit needs the promotion", walk(t, Receiver), Commit{at(3)}, GateClosed},
		{"a promotion does not outlive its boot", walk(t, Receiver, append(toPromoted[:1:1], Booted{"b2"})...), Commit{boot2}, AttemptOver},
		{"an open side receives nothing", walk(t, Giver, Close{Call: at(3)}), OpenAttempt{Call: at(4), Part: Receiver, LeaseMs: 5000}, GateClosed},
		{"a closed side gives nothing", walk(t, Receiver, Close{Call: at(3)}), OpenAttempt{Call: at(4), Part: Giver, LeaseMs: 5000, BudgetMs: 9000}, GateClosed},
		{"forwarding does not begin without a release", walk(t, Receiver, Close{Call: at(3)}), Forward{at(0)}, GateClosed},
		{"an open side is not entombed", walk(t, Giver, Close{Call: at(3)}), Entomb{at(0)}, GateClosed},
		{"a side that was not heard of yet is not given up", walk(t, Giver, append(toSealed[:5:5], Unseal{Call: at(3), Reason: ByPerson}, ThawBegun{Call: at(3)}, Thawed{Call: at(3)}, Unhold{Call: at(3)}, Close{Call: at(3)})...), remove{}, GateClosed},
		{"what was overruled is not committed", walk(t, Receiver, append(toDone[:2:2], Overrule{3})...), Commit{at(3)}, AttemptOver},
		{"a commit is overruled only where it was the last", walk(t, Receiver, append(toDone[:2:2], commitOf5{})...), Overrule{3}, GateClosed},
		{"an open side is not closed for an attempt that it did not commit", walk(t, Giver, Close{Call: at(3)}), Overrule{3}, GateClosed},
		{"a side that saw a later attempt does not give way to an older one", walk(t, Giver, Close{Call: at(3)}), Succeeded{2}, GateClosed},
		{"a side that committed an attempt does not give way to it", walk(t, Receiver, toDone...), Succeeded{3}, GateClosed},
		{"a fence of a lower token is refused", walk(t, Giver), FenceOff{Call: Call{4, 0, "b"}}, TokenStale},
		{"a fence that was not claimed is refused", walk(t, Giver), FenceOff{Call: Call{6, 0, "b"}}, GateClosed},
		{"a fenced side that was sealed asks nobody any more", walk(t, Giver, append(toSealed[:5:5], FenceOff{Call: at(0)})...), Unseal{Call: at(3), Reason: ByVoid, Voided: true}, AttemptOver},
		{"a fenced side gives nothing", walk(t, Giver, FenceOff{Call: at(0)}), OpenAttempt{Call: at(4), Part: Giver, LeaseMs: 5000, BudgetMs: 9000}, GateClosed},
		{"a fenced receiver commits nothing", walk(t, Receiver, append(toPromoted[:1:1], FenceOff{Call: at(0)})...), Commit{at(3)}, AttemptOver},
		{"a fenced side is opened by a claim of a higher token alone", walk(t, Giver, FenceOff{Call: at(0)}, Claim{Owner: "me", Token: 6}), Unfence{Call: at(0)}, TokenStale},
		{"another owner is refused", walk(t, Giver), Claim{Owner: "you", Token: 9}, OwnedByOther},
	} {
		t.Run(c.title, func(t *testing.T) {
			next, refusal := Step(c.node, c.event)
			if refusal == nil {
				t.Fatalf("it was granted: %+v", next.Attempt)
			}
			if refusal.Code != c.code {
				t.Fatalf("it was refused as %s (%s), not as %s", refusal.Code, refusal.Text, c.code)
			}
		})
	}
}

func TestATokenIsOfOneExecution(t *testing.T) {
	n := Node{}
	for _, c := range []struct {
		title string
		claim Claim
		taken bool
	}{
		{"the first one", Claim{Owner: "me", Token: 5, Execution: "a"}, true},
		{"its repeat", Claim{Owner: "me", Token: 5, Execution: "a"}, true},
		{"the same token from a database that was restored", Claim{Owner: "me", Token: 5, Execution: "b"}, false},
		{"the next token", Claim{Owner: "me", Token: 6, Execution: "b"}, true},
		{"a controller that names no execution", Claim{Owner: "me", Token: 6}, true},
	} {
		next, refusal := Step(n, c.claim)
		if (refusal == nil) != c.taken || refusal != nil && (refusal.Code != TokenStale || refusal.Details["highest"] != int64(5)) {
			t.Fatalf("%s: %+v", c.title, refusal)
		}
		n = next
	}
}

func TestRebootVoidsPromotion(t *testing.T) {
	n := walk(t, Receiver, append(toPromoted[:1:1], Booted{"b2"})...)
	if n.VerdictOf(3) != Void || Wanted(n).PromotedMark || !Wanted(n).ClosedMark {
		t.Fatalf("verdict %s, marks %+v", n.VerdictOf(3), Wanted(n))
	}
}

func TestOverruledCommitCloses(t *testing.T) {
	n := walk(t, Receiver, append(toDone[:2:2], Overrule{3}, Overrule{3})...)
	if n.VerdictOf(3) != Overruled || !Wanted(n).ClosedMark || n.MayRun() {
		t.Fatalf("verdict %s, marks %+v", n.VerdictOf(3), Wanted(n))
	}
}

func TestFencedSideGivesWay(t *testing.T) {
	fenced := Promote{Call: at(3), Fence: &Fence{By: "provider", Token: 5}}
	for title, there := range map[string]Node{"by seal": walk(t, Receiver, toDone...), "over a fence": walk(t, Receiver, fenced, Commit{at(3)})} {
		if want := map[string]int64{"by seal": 0, "over a fence": 3}[title]; there.Succeeding != want {
			t.Errorf("%s: the other side is to hear of attempt %d, not of %d", title, there.Succeeding, want)
		}
		if heard, _ := Step(there, Known{3}); heard.Succeeding != 0 {
			t.Errorf("%s: it is told again after it was heard", title)
		}
	}
	for title, here := range map[string]Node{"open": walk(t, Giver, Close{Call: at(3)}), "frozen": walk(t, Giver, toFrozen...), "sealed": walk(t, Giver, toSealed...)} {
		n, refusal := Step(here, Succeeded{7})
		if again, r := Step(n, Succeeded{7}); refusal != nil || r != nil || again.Role != Closed || !Wanted(again).ClosedMark || again.MayRun() {
			t.Errorf("%s: it is %s after %v, %v", title, again.Role, refusal, r)
		}
		if _, r := Step(n, OpenAttempt{Call: at(7), Part: Giver, LeaseMs: 5000, BudgetMs: 20000}); r == nil {
			t.Errorf("%s: it gives in the attempt that it gave way to", title)
		}
	}
}

func TestAFenceStaysUntilItIsLifted(t *testing.T) {
	ran := map[string]bool{"shop.service": true}
	n := walk(t, Giver, FenceOff{Call: at(0), Running: ran}, FenceOff{Call: at(0)}, Booted{"b2"})
	if w := Wanted(n); n.MayRun() || !w.ClosedMark || !w.PortGuard || w.Hold != Pass || !n.FencedOff["shop.service"] {
		t.Fatalf("%+v wants %+v", n, w)
	}
	if n.VerdictOf(3) != None {
		t.Fatalf("a giver decides nothing: %s", n.VerdictOf(3))
	}
	if cut := walk(t, Receiver, append(toPromoted[:1:1], FenceOff{Call: at(0)})...); cut.VerdictOf(3) != Void || cut.MayRun() {
		t.Fatalf("what was promoted and then cut off is %s", cut.VerdictOf(3))
	}
	n, refusal := Step(n, Unfence{Call: at(0)})
	if refusal != nil || !n.MayRun() || n.FencedOff != nil {
		t.Fatalf("%+v: %+v", refusal, n)
	}
	if frozen := walk(t, Giver, append(toFrozen[:4:4], FenceOff{Call: at(0), Running: map[string]bool{}}, ThawBegun{Call: at(3)})...); !frozen.FencedOff["a.service"] || frozen.MayRun() {
		t.Fatalf("what ran before the freeze is forgotten: %+v", frozen.FencedOff)
	}
	sealed := walk(t, Giver, toSealed...)
	if next, refusal := Step(sealed, Unfence{Call: at(0)}); refusal != nil || next.Role != Closed {
		t.Fatalf("a side that was not fenced was opened: %+v", next)
	}
}

func TestUnsealingByVoidOverrulesNobody(t *testing.T) {
	for reason, want := range map[UnsealReason]int64{ByVoid: 0, ByFence: 3, ByPerson: 3} {
		n := walk(t, Giver, append(toSealed[:5:5], Unseal{Call: at(3), Reason: reason, Voided: true})...)
		if n.Overruling != want {
			t.Errorf("%s: attempt %d is to be told, not %d", reason, n.Overruling, want)
		}
		if n, _ = Step(n, Heard{3}); n.Overruling != 0 {
			t.Errorf("%s: it is told again after it was heard", reason)
		}
	}
}

func TestRepeatKeepsWhatRan(t *testing.T) {
	n := walk(t, Giver, toFrozen...)
	n, refusal := Step(n, OpenAttempt{Call: at(3), Part: Giver, Running: map[string]bool{"a.service": false}, LeaseMs: 5000, BudgetMs: 20000})
	if refusal != nil || !n.Attempt.Running["a.service"] || n.Attempt.Phase != Frozen {
		t.Fatalf("%v %+v", refusal, n.Attempt)
	}
}

func TestRepeatsFindTheirWorkDone(t *testing.T) {
	for name, c := range map[string]struct {
		node   Node
		events []Event
	}{
		"giver":    {walk(t, Giver, toSealed...), []Event{SealIt{Call: at(3)}, FreezeBegun{at(3)}, FreezeDone{at(3)}, HoldBegun{at(3)}}},
		"receiver": {walk(t, Receiver, toDone...), []Event{Commit{at(3)}, toPromoted[0], Release{Call: at(3)}, Release{Call: at(3)}, Close{Call: at(3)}, Close{Call: at(3)}, Release{Call: at(3)}}},
		"undone":   {walk(t, Giver, Close{Call: at(3)}), []Event{ThawBegun{Call: at(3)}, Thawed{Call: at(3)}, Unhold{Call: at(3)}, Unseal{Call: at(3), Reason: ByVoid}, Close{Call: at(3)}}},
	} {
		n := c.node
		for _, e := range c.events {
			next, refusal := Step(n, e)
			if refusal != nil {
				t.Errorf("%s: %T again: %s", name, e, refusal.Text)
			}
			n = next
		}
	}
}

// A worker on another machine takes over: what may reach a closed side's ports is its own, in place of the one before.
func TestAClaimLetsItsOwnMachineIn(t *testing.T) {
	n := walk(t, Giver)
	n, refusal := Step(n, Claim{Owner: n.Owner, Token: n.Token + 1, From: "192.0.2.63"})
	if refusal != nil || !slices.Equal(n.Config.Allow, []string{"192.0.2.63"}) {
		t.Fatalf("%v: %v", refusal, n.Config.Allow)
	}
	n, refusal = Step(n, Claim{Owner: n.Owner, Token: n.Token})
	if refusal != nil || !slices.Equal(n.Config.Allow, []string{"192.0.2.63"}) {
		t.Fatalf("without a word of where: %v: %v", refusal, n.Config.Allow)
	}
	if _, refusal = Step(n, Claim{Owner: n.Owner, Token: n.Token, From: "somewhere"}); refusal == nil || refusal.Code != Usage {
		t.Fatalf("%v", refusal)
	}
}

// Nobody could ask the other side when the fence was lifted: whatever it decided counts no more, and it hears that.
func TestALiftedFenceOverrules(t *testing.T) {
	here := walk(t, Giver, FenceOff{Call: at(0), Running: map[string]bool{"a.service": true}}, Unfence{Call: at(0), Overrule: 7})
	if here.Role != Open || here.Overruling != 7 {
		t.Fatalf("it is %s and overrules %d", here.Role, here.Overruling)
	}
	if next, refusal := Step(here, Succeeded{7}); refusal == nil {
		t.Fatalf("it gives way to what it overrules: %s", next.Role)
	}
	if _, refusal := Step(here, OpenAttempt{Call: at(7), Part: Giver, LeaseMs: 5000, BudgetMs: 9000}); refusal == nil {
		t.Fatal("the attempt that it overrules is opened here")
	}
	fenced := Promote{Call: at(3), Fence: &Fence{By: "provider", Token: 5}}
	there, refusal := Step(walk(t, Receiver, fenced, Commit{at(3)}), Overrule{3})
	if refusal != nil || there.Role != Closed || there.Succeeding != 0 {
		t.Fatalf("%v: the other side is %s and says of attempt %d that it serves", refusal, there.Role, there.Succeeding)
	}
	// The fence of a cloud leaves no mark on the node.
	if n, refusal := Step(walk(t, Giver, Close{Call: at(3)}), Unfence{Call: at(0), Overrule: 7}); refusal != nil || n.Overruling != 7 || n.Role != Open {
		t.Fatalf("%v: it is %s and overrules %d", refusal, n.Role, n.Overruling)
	}
	// It was fenced, and heard since that the other side serves.
	heard := walk(t, Giver, FenceOff{Call: at(0)}, Succeeded{7})
	for _, unfence := range []Unfence{{Call: at(0)}, {Call: at(0), Overrule: 7}} {
		if next, _ := Step(heard, unfence); next.Role != Closed || next.Overruling != 0 {
			t.Fatalf("%+v opened it, or overrules %d", unfence, next.Overruling)
		}
	}
}

// It gave its clients back once, so it forwards: checks must reach its own services now.
func TestAFencedPromotionForwardsNobody(t *testing.T) {
	n := walk(t, Receiver)
	n.Forwarding = ForwardOn
	promoted, refusal := Step(n, Promote{Call: at(3), Fence: &Fence{By: "provider", Token: 5}})
	if w := Wanted(promoted); refusal != nil || w.Forwarding != NotForwarding || w.Serves != Local || !w.PortGuard {
		t.Fatalf("%v: %+v", refusal, w)
	}
	void, _ := Step(promoted, MakeVoid{Call: at(3)})
	if w := Wanted(void); w.Forwarding != ForwardOn || w.Serves != ToPeer {
		t.Fatalf("void, it forwards as before: %+v", w)
	}
}
