package machine

import (
	"slices"
	"testing"
)

func act(id string) Event { return Act{Call: at(3), ID: id, Undo: []string{"undo", id}} }

// due names what is to be taken back, in order.
func due(n Node) []string {
	names := []string{}
	for _, effect := range n.Due() {
		names = append(names, effect.ID)
	}
	return names
}

func TestEffectsAreTakenBackNewestFirstWhenTheyAreDue(t *testing.T) {
	acted := append(toFrozen[:4:4], act("a"), act("b"), act("a"))
	seal := SealIt{Call: at(3), Quiet: true, BudgetLeftMs: 9000, NeedMs: 1000}
	expire := Expire{Why: "the lease ran out"}
	promoted := append(toPromoted[:1:1], act("a"), act("b"))
	with := func(events []Event, more ...Event) []Event { return append(slices.Clone(events), more...) }
	both, none := []string{"b", "a"}, []string{}
	for _, c := range []struct {
		title string
		node  Node
		due   []string
	}{
		{"while the attempt goes on nothing is", walk(t, Giver, acted...), none},
		{"a thaw takes back", walk(t, Giver, with(acted, ThawBegun{Call: at(3)})...), both},
		{"a lease that ran out takes back", walk(t, Giver, with(acted, expire)...), both},
		{"a reboot takes back", walk(t, Giver, with(acted, Booted{"b2"})...), both},
		{"what is sealed waits for the verdict", walk(t, Giver, with(acted, seal, expire)...), none},
		{"what is sealed waits after a reboot too", walk(t, Giver, with(acted, seal, Booted{"b2"})...), none},
		{"a void takes back what was sealed", walk(t, Giver, with(acted, seal, expire, Unseal{Alone: true, Reason: ByVoid, Voided: true})...), both},
		{"a release keeps what was done", walk(t, Giver, with(acted, seal, Release{Call: at(3), Committed: true}, Close{Call: at(3)})...), none},
		{"a void takes a promotion back", walk(t, Receiver, with(promoted, MakeVoid{Call: at(3), ByPeer: true})...), both},
		{"a promotion does not outlive its boot", walk(t, Receiver, with(promoted, Booted{"b2"})...), both},
		{"a commit keeps what was done", walk(t, Receiver, with(promoted, Commit{at(3)}, Close{Call: at(3)})...), none},
		{"what always ends does so with a release", walk(t, Giver, with(acted, Act{Call: at(3), ID: "pause", Undo: []string{"x"}, Always: true}, seal, Release{Call: at(3), Committed: true})...), []string{"pause"}},
		{"and with a commit", walk(t, Receiver, with(promoted, Act{Call: at(3), ID: "pause", Undo: []string{"x"}, Always: true}, Commit{at(3)}, Close{Call: at(3)})...), []string{"pause"}},
		{"what was taken back is not again", walk(t, Giver, with(acted, expire, Undone{3, "b"})...), []string{"a"}},
	} {
		if got := due(c.node); !slices.Equal(got, c.due) {
			t.Errorf("%s: %v is due, not %v", c.title, got, c.due)
		}
	}
}

func TestNothingGoesOnOverEffectsThatAreLeft(t *testing.T) {
	acted := append(toFrozen[:4:4], act("a"))
	thawed := walk(t, Giver, append(acted, ThawBegun{Call: at(3)}, Thawed{Call: at(3)}, Unhold{Call: at(3)})...)
	rebooted := walk(t, Receiver, append(toPromoted[:1:1], act("a"), Booted{"b2"})...)
	committed := walk(t, Receiver, toDone...)
	for _, c := range []struct {
		title string
		node  Node
		event Event
		code  string
	}{
		{"an attempt is not closed", thawed, Close{Call: at(3)}, GateClosed},
		{"another one is not opened", rebooted, OpenAttempt{Call: at(4), Part: Receiver, LeaseMs: 5000}, GateClosed},
		{"a side that is not frozen is not acted upon", walk(t, Giver, toHeld...), act("a"), GateClosed},
		{"nor one whose attempt is over", walk(t, Giver, append(toFrozen[:4:4], Expire{Why: "late"})...), act("a"), AttemptOver},
		{"nor one that is being thawed", walk(t, Giver, append(toFrozen[:4:4], ThawBegun{Call: at(3)})...), act("a"), GateClosed},
		{"nor a promotion that is void", walk(t, Receiver, append(toPromoted[:1:1], MakeVoid{Call: at(3), ByPeer: true})...), act("a"), AttemptOver},
		{"nor one that is committed", committed, act("a"), GateClosed},
		{"nor by a lower token", walk(t, Giver, toFrozen...), Act{Call: Call{4, 3, "b"}, ID: "a", Undo: []string{"x"}}, TokenStale},
	} {
		if _, refusal := Step(c.node, c.event); refusal == nil || refusal.Code != c.code {
			t.Errorf("%s: %v, not %s", c.title, refusal, c.code)
		}
	}
	if refusal := rebooted.MayRemove(5, true); refusal == nil {
		t.Error("the helper may be taken off a node where something is left to be taken back")
	}
}
