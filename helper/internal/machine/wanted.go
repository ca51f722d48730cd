package machine

type HoldMode string

const (
	Pass    HoldMode = "pass"     // new connections are not redirected; those that still come are connected at once
	HoldNew HoldMode = "hold"     // new connections wait
	Refuse  HoldMode = "refusing" // held ones are closed, new ones refused
)

type Destination string

const (
	Local  Destination = "local"
	ToPeer Destination = "peer"
)

// World is what a state asks of the node. The daemon makes it so after every event, and again whenever it looks.
type World struct {
	ClosedMark   bool // on disk: services may not start
	PromotedMark bool // in /run: they may, for checks, until the next boot
	FrozenMark   bool // in /run: they may not, until the thaw or the next boot

	Hold HoldMode
	// Serves says where clients of the holder belong when they are not held.
	Serves     Destination
	Forwarding Forwarding
	// PortGuard: only the peer and what is allowed reach the ports.
	PortGuard bool
	// Anchor: connections may have been redirected here, so translation must go on.
	Anchor bool
}

// Wanted reads a state as a picture of the world.
func Wanted(n Node) World {
	w := World{Hold: Pass, Serves: Local, Forwarding: n.Forwarding}
	if n.Config == nil {
		return w
	}
	w.Anchor = n.Highest > 0
	w.ClosedMark = n.Role == Closed
	w.PortGuard = n.Role == Closed && n.Forwarding == NotForwarding
	if n.Forwarding == ForwardOn {
		w.Serves = ToPeer
	}
	a := n.Attempt
	if a == nil {
		return w
	}
	w.PromotedMark = a.Phase == PhasePromoted
	w.FrozenMark = a.Freeze == Stopping || a.Freeze == Stopped
	switch {
	case a.Refusing:
		w.Hold = Refuse
	case a.Holding:
		w.Hold = HoldNew
	}
	// While a receiver holds, it forwards nobody: its clients wait here.
	if a.Part == Receiver && a.Holding {
		w.Forwarding = NotForwarding
	}
	if a.Part == Receiver && w.PromotedMark {
		w.PortGuard = true // up for checks only, whatever it forwarded before
		if a.Fenced {
			w.Forwarding, w.Serves = NotForwarding, Local // to whom it forwarded is cut off
		}
	}
	return w
}

// MayRun: units of this node may be running by what is decided here. At most one side of a move answers yes, ever (V1);
// a promoted side runs for checks, but clients reach it only after the commit.
func (n Node) MayRun() bool {
	return n.Role == Open && !(n.Attempt != nil && n.Attempt.Freeze == Stopped)
}
