package daemon

import (
	"testing"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
)

// A side that served when it went down asks before anybody reaches it, and a program that begins anew in the same boot goes on.
func TestWhoServedAsksAfterABoot(t *testing.T) {
	for title, c := range map[string]struct {
		node  machine.Node
		first bool
		want  bool
	}{
		"it served":                       {machine.Node{Role: machine.Open, Config: &machine.Config{}}, true, true},
		"the program alone begins anew":   {machine.Node{Role: machine.Open, Config: &machine.Config{}}, false, false},
		"it did not serve":                {machine.Node{Role: machine.Closed, Config: &machine.Config{}}, true, false},
		"it took over from the other one": {machine.Node{Role: machine.Open, Config: &machine.Config{}, Succeeding: 3}, true, false},
		"it was opened by a person alone": {machine.Node{Role: machine.Open, Config: &machine.Config{}, Overruling: 3}, true, false},
		"it is no side of a move yet":     {machine.Node{Role: machine.Open}, true, false},
	} {
		d := frozenDaemon(t, t.TempDir())
		d.node = c.node
		if got := d.mustAsk(c.first); got != c.want {
			t.Errorf("%s: %v", title, got)
		}
		if again := d.mustAsk(false); again != c.want {
			t.Errorf("%s, and once more: %v", title, again)
		}
	}
}

func TestWhoServesByItsOwnWord(t *testing.T) {
	hello := func(role, value string) peerlink.Answer {
		return peerlink.Answer{"role": role, "verdict": map[string]any{"attempt": 7.0, "value": value}}
	}
	for _, c := range []struct {
		hello peerlink.Answer
		want  int64
	}{
		{hello("open", "committed"), 7}, {hello("closed", "committed"), 0}, {hello("open", "promoted"), 0}, {hello("open", "overruled"), 0},
		{peerlink.Answer{"role": "open"}, 0}, {peerlink.Answer{}, 0},
	} {
		if got := succeededBy(c.hello); got != c.want {
			t.Errorf("%v: %d, not %d", c.hello, got, c.want)
		}
	}
}
