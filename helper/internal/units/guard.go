package units

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/paths"
)

// GuardText makes a unit refuse to start on a closed side, unless that is up for checks, and in a freeze. Only files are
// asked, so that closing a side is writing a file. It also lets the helper come first at boot.
func GuardText(p paths.Paths) string {
	return fmt.Sprintf(`# Kept by Lifeboat for the move %q. While %s exists this unit must not start here.
[Unit]
After=%s
AssertPathExists=!%s
AssertPathExists=|!%s
AssertPathExists=|%s
`, p.Move, p.Closed(), p.HelperUnit(), p.Frozen(), p.Closed(), p.Promoted())
}

// Guard puts the drop-in before each unit, and takes it from those that are no longer guarded.
func Guard(ctx context.Context, p paths.Paths, names []string) error {
	guarded, err := withTriggered(ctx, names)
	if err != nil {
		return err
	}
	states, err := States(ctx, guarded)
	if err != nil {
		return err
	}
	for _, state := range states {
		if state.ID != "" && !slices.Contains(guarded, state.ID) {
			guarded = append(guarded, state.ID)
		}
	}
	old, _ := filepath.Glob(p.DropIn("*"))
	changed := false
	for _, file := range old {
		if !slices.ContainsFunc(guarded, func(unit string) bool { return p.DropIn(unit) == file }) {
			os.Remove(file)
			os.Remove(filepath.Dir(file))
			changed = true
		}
	}
	text := []byte(GuardText(p))
	for _, unit := range guarded {
		file := p.DropIn(unit)
		if have, err := os.ReadFile(file); err == nil && string(have) == string(text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := durable.Write(file, text, 0o644); err != nil {
			return err
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return Reload(ctx)
}

// withTriggered adds what the timers among the units start.
func withTriggered(ctx context.Context, names []string) ([]string, error) {
	states, err := States(ctx, names)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(names)
	for _, state := range states {
		if filepath.Ext(state.Unit) != ".timer" {
			continue
		}
		for _, unit := range state.Triggers {
			if !slices.Contains(all, unit) {
				all = append(all, unit)
			}
		}
	}
	return all, nil
}
