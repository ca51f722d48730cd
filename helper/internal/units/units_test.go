package units

import (
	"slices"
	"testing"
)

func TestParseState(t *testing.T) {
	s := parseState("x.timer", "Id=x.timer\nActiveState=active\nLoadState=loaded\nTriggers=x.service y.service")
	if s.Unit != "x.timer" || s.ID != "x.timer" || !s.Runs() || !s.Loaded || !slices.Equal(s.Triggers, []string{"x.service", "y.service"}) {
		t.Fatalf("%+v", s)
	}
	for state, runs := range map[string]bool{"active": true, "reloading": true, "activating": true, "deactivating": true, "inactive": false, "failed": false} {
		if got := parseState("a.service", "ActiveState="+state).Runs(); got != runs {
			t.Errorf("%s: %v", state, got)
		}
	}
}
