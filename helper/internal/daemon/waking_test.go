package daemon

import (
	"testing"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
)

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

func TestOnlyWhoWasOpenAsksBeforeItOpens(t *testing.T) {
	config := &machine.Config{}
	for _, c := range []struct {
		node machine.Node
		want bool
	}{
		{machine.Node{Config: config, Role: machine.Open}, true},
		{machine.Node{Config: config, Role: machine.Closed}, false},
		{machine.Node{Role: machine.Open}, false},
		{machine.Node{Config: config, Role: machine.Open, Overruling: 3}, false},
	} {
		if got := mayBeSucceeded(c.node); got != c.want {
			t.Errorf("%+v: %v", c.node, got)
		}
	}
}
