package machine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// side is a node with what stands around the machine: units that run or not, a boot, data, and answers on their way.
type side struct {
	name    string
	node    Node
	boot    int
	running bool
	off     bool // without power: nothing is asked of it and nothing answered, until the next boot
	data    int  // counts client writes; a copy takes the number over
	synced  int  // data when the last pass of the open attempt ended
	// asked is the answer to a void that the dead man or a controller asked for and has not heard yet.
	asked map[int64]bool
}

func (s *side) bootID() string { return fmt.Sprintf("%s-%d", s.name, s.boot) }

// guardLets is what systemd asks before it starts a unit: the marks, as they stand now.
func (s *side) guardLets() bool {
	w := Wanted(s.node)
	return !w.FrozenMark && (!w.ClosedMark || w.PromotedMark)
}

// open: clients reach the services.
func (s *side) open() bool { return s.running && s.node.Role == Open }

type world struct {
	t         *testing.T
	r         *rand.Rand
	sides     [2]*side
	seals     []Seal
	final     map[string]Verdict // verdicts that may never change again
	running   map[string]map[string]bool
	stale     map[int64]bool // attempts that a controller still believes in
	tokens    [2]int64
	story     []string
	commits   int
	voids     int
	backs     int
	words     int // openings because the other side was off
	overruled int // commits that counted no more for that
	attempts  int64
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 7)), final: map[string]Verdict{}, running: map[string]map[string]bool{}, tokens: [2]int64{1, 1}}
	config := Config{Side: "x", Services: []string{"a.service"}, Ports: []Port{{Port: 80, Protocol: "tcp"}}, Peer: Peer{Address: "192.0.2.1", Port: 22, User: "root"}}
	for i, role := range []Role{Open, Closed} {
		c := config
		c.Role = role
		s := &side{name: []string{"S", "T"}[i], asked: map[int64]bool{}, running: role == Open}
		s.node.Owner, s.node.Token, s.node.Role, s.node.Config = "me", 1, role, &c
		w.sides[i] = s
	}
	return w
}

// do puts an event to one side and checks what must hold after it.
func (w *world) do(s *side, e Event) bool {
	if s.off {
		return false
	}
	before := s.node
	next, refusal := Step(s.node, e)
	said := "ok"
	if refusal != nil {
		said = refusal.Code
	}
	w.tell("%s %T%+v: %s", s.name, e, e, said)
	s.node = next
	w.check(s, before)
	return refusal == nil
}

func (w *world) tell(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.story[max(0, len(w.story)-60):] {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}

func (w *world) check(s *side, before Node) {
	a, b := w.sides[0], w.sides[1]
	if a.running && b.running {
		w.fail("V1: services run on both sides")
	}
	if a.node.Role == Open && b.node.Role == Open && !a.off && !b.off {
		w.fail("V1: both sides are open")
	}
	if Wanted(a.node).Forwarding == ForwardOn && Wanted(b.node).Forwarding == ForwardOn {
		w.fail("V8: both sides forward")
	}
	for attempt, verdict := range s.node.Verdicts {
		key := fmt.Sprint(s.name, attempt)
		if was, known := w.final[key]; known && was != verdict && !(was == Committed && verdict == Overruled) {
			w.fail("V3: the verdict on attempt %d went from %s to %s", attempt, was, verdict)
		}
		if verdict == Committed || verdict == Void {
			w.final[key] = verdict
		}
	}
	if n := s.node.Attempt; n != nil && n.Part == Giver {
		key := fmt.Sprint(s.name, n.Number)
		if was, known := w.running[key]; known && !maps.Equal(was, n.Running) {
			w.fail("V9: what ran before attempt %d was overwritten", n.Number)
		}
		w.running[key] = maps.Clone(n.Running)
		if n.Phase == Sealed && s.node.Role != Closed {
			w.fail("a sealed side is not closed")
		}
	}
	if s.node.Token < before.Token {
		w.fail("V6: a token went back from %d to %d", before.Token, s.node.Token)
	}
	if s.node.Highest < before.Highest {
		w.fail("V5: the highest attempt went back from %d to %d", before.Highest, s.node.Highest)
	}
}

// start tries to start units, as a thaw, a promotion, a boot or anybody may at any time.
func (w *world) start(s *side) {
	if !s.off && s.guardLets() {
		s.running = true
		w.tell("%s units run", s.name)
		w.check(s, s.node)
	}
}

func (w *world) stop(s *side) {
	s.running = false
	w.tell("%s units rest", s.name)
}

// write is a client's write where one is accepted.
func (w *world) write() {
	for _, s := range w.sides {
		if s.open() {
			s.data++
		}
	}
}

// void is what the peer channel does: the other side decides and stops its units before it answers.
func (w *world) void(asker, other *side, attempt int64) {
	if !w.do(other, MakeVoid{Call: Call{Attempt: attempt}, ByPeer: true}) {
		return
	}
	w.voids++
	if other.node.Role == Closed {
		w.stop(other)
	}
	if w.r.IntN(4) > 0 { // else the answer is lost, and asked for again
		asker.asked[attempt] = true
	}
}

// word opens a sealed side because the other one is off: that a person or a provider says so is taken to be true.
func (w *world) word(s, other *side, c Call) {
	was := s.node.Phase()
	if other.off && w.do(s, Unseal{Call: c, Reason: ByPerson}) && was == Sealed {
		w.words++
	}
}

// overrule tells the other side that it was opened without its word.
func (w *world) overrule(s, other *side) {
	attempt := s.node.Overruling
	was := other.node.VerdictOf(attempt)
	if !w.do(other, Overrule{Attempt: attempt}) {
		return
	}
	if other.node.Role == Closed {
		w.stop(other)
	}
	if was == Committed {
		w.overruled++
	}
	if w.r.IntN(4) > 0 { // else the answer is lost
		w.do(s, Heard{Attempt: attempt})
	}
}

// reboot takes marks in /run and whatever ran; the daemon looks at its state before units may start. Some stay off for a
// while. One that committed and was overruled meanwhile hears of it at once: what it does until then is not in here.
func (w *world) reboot(s, other *side) {
	if s.off = !s.off && w.r.IntN(2) == 0; s.off {
		s.running = false
		w.tell("%s is off", s.name)
		return
	}
	s.boot++
	s.running = false
	s.asked = map[int64]bool{}
	if attempt := other.node.Overruling; attempt != 0 && s.node.VerdictOf(attempt) == Committed {
		w.overrule(other, s)
	}
	w.do(s, Booted{BootID: s.bootID()})
	if w.r.IntN(3) > 0 {
		w.start(s)
	}
}
