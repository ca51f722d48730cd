package machine

import "slices"

// Closing is how a database of this side ends being one that is written, also after a restart, and how it is one again. It
// stands ready for the day on which the other side takes over without a word to this one.
type Closing struct {
	ID    string   `json:"id"`
	Close []string `json:"close"`
	Open  []string `json:"open"`
}

// KeepClosings replaces what stood ready before.
type KeepClosings struct {
	Call
	Closings []Closing
}

func (e KeepClosings) apply(n *Node) *Refusal {
	if r := n.Authorize(e.Token); r != nil {
		return r
	}
	if slices.ContainsFunc(e.Closings, func(c Closing) bool { return c.ID == "" || len(c.Close) == 0 || len(c.Open) == 0 }) {
		return refuse(Usage, "each closing needs an id, and commands that close and open")
	}
	n.Closings = slices.Clone(e.Closings)
	return nil
}
