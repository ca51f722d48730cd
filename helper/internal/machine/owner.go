package machine

import (
	"fmt"
	"net/netip"
	"reflect"
)

// Claim makes an owner's token the only one that is listened to. A higher claim lifts a tombstone; the role stays closed.
type Claim struct {
	Owner string
	Token int64
	// Execution tells who has the token: a database that was restored gives the same one out a second time. Older
	// controllers name none.
	Execution string
	// From is where whoever claims comes from: it may reach a closed side's ports in place of the one before. Empty: it does not say.
	From string
}

func (e Claim) apply(n *Node) *Refusal {
	switch {
	case e.Owner == "" || e.Token < 1:
		return refuse(Usage, "a claim needs an owner and a token of at least 1")
	case n.Owner != "" && n.Owner != e.Owner:
		return &Refusal{OwnedByOther, "this node belongs to " + n.Owner, map[string]any{"owner": n.Owner, "highest": n.Token}}
	case e.Token < n.Token:
		return &Refusal{TokenStale, "a higher token was seen", map[string]any{"highest": n.Token}}
	case e.Token == n.Token && e.Execution != n.Execution && e.Execution != "" && n.Execution != "":
		return &Refusal{TokenStale, fmt.Sprintf("token %d was taken by another execution", n.Token), map[string]any{"highest": n.Token}}
	case n.Tombstone && e.Token == n.Token:
		return refuse(GateClosed, "this node is finished: only a higher claim is taken")
	}
	if _, err := netip.ParseAddr(e.From); e.From != "" && err != nil {
		return refuse(Usage, "%q is no address", e.From)
	}
	n.Owner, n.Token, n.Execution, n.Tombstone = e.Owner, e.Token, e.Execution, false
	if e.From != "" && n.Config != nil {
		c := n.Config.clone()
		c.Allow = []string{e.From}
		n.Config = &c
	}
	return nil
}

// Configure stores what the move is. The role is taken only where none is known: a node's own truth wins after that.
type Configure struct {
	Call
	Config Config
	Roots  map[string]RootID
}

func (e Configure) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	if err := e.Config.Check(); err != nil {
		return refuse(Usage, "%s", err)
	}
	if n.Attempt != nil && !reflect.DeepEqual(*n.Config, e.Config.clone()) {
		return refuse(GateClosed, "attempt %d is open, the configuration stays as it is", n.Attempt.Number)
	}
	c := e.Config.clone()
	n.Config = &c
	if n.Role == "" {
		n.Role = c.Role
	}
	if n.Roots == nil {
		n.Roots = map[string]RootID{}
	}
	for path, id := range e.Roots {
		n.Roots[path] = id
	}
	return nil
}

// Remember keeps the value that a sysctl had before it was first changed, to give it back.
type Remember struct{ Key, Value string }

func (e Remember) apply(n *Node) *Refusal {
	if _, known := n.Sysctls[e.Key]; known {
		return nil
	}
	if n.Sysctls == nil {
		n.Sysctls = map[string]string{}
	}
	n.Sysctls[e.Key] = e.Value
	return nil
}

// Forget ends the memory of a sysctl that has its old value again.
type Forget struct{ Key string }

func (e Forget) apply(n *Node) *Refusal {
	delete(n.Sysctls, e.Key)
	return nil
}

// Entomb marks a giver that is finished: closed for good, and deaf but for a higher claim.
type Entomb struct{ Call }

func (e Entomb) apply(n *Node) *Refusal {
	if n.Tombstone && e.Token == n.Token {
		return nil
	}
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	switch {
	case n.Role != Closed:
		return refuse(GateClosed, "this side is open, only a closed one is finished with")
	case n.Attempt != nil:
		return refuse(GateClosed, "attempt %d is open", n.Attempt.Number)
	case n.Forwarding == ForwardOn:
		return refuse(GateClosed, "this side still forwards, stop that first")
	}
	n.Tombstone, n.Forwarding = true, NotForwarding
	return nil
}

// MayRemove says whether all of the helper may be taken off this node.
func (n *Node) MayRemove(token int64, force bool) *Refusal {
	if r := n.Authorize(token); r != nil {
		return r
	}
	switch {
	case n.Attempt != nil:
		return refuse(GateClosed, "attempt %d is open", n.Attempt.Number)
	case len(n.Effects) > 0:
		return refuse(GateClosed, "%s of attempt %d is not taken back yet", n.Effects[0].ID, n.Effects[0].Attempt)
	case n.Overruling != 0:
		text := fmt.Sprintf("the other side has not heard yet that attempt %d is void", n.Overruling)
		return &Refusal{GateClosed, text, map[string]any{"overruling": n.Overruling}}
	case n.Role == Closed && !force:
		return refuse(GateClosed, "this side is closed: what closes it stays")
	case n.Role == Closed && n.everCommitted():
		return refuse(GateClosed, "this side gave its data away, its guard stays: use tombstone")
	}
	return nil
}

func (n *Node) everCommitted() bool {
	return n.Forwarding != NotForwarding || n.Tombstone
}
