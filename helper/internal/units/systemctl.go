// Package units starts and stops what systemd runs, and says how it went.
package units

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

type Stop struct {
	Unit   string `json:"unit"`
	Ms     int64  `json:"ms"`
	Killed bool   `json:"killed"`
}

type Start struct {
	Unit string `json:"unit"`
	Ms   int64  `json:"ms"`
}

type State struct {
	Unit     string
	ID       string // its own name, where Unit is an alias
	Active   string // active, inactive, failed, activating, deactivating, reloading
	Loaded   bool
	Triggers []string // of a timer, path or socket: what it starts
}

// Runs says whether a unit is up, or on its way up or down.
func (s State) Runs() bool { return s.Active != "inactive" && s.Active != "failed" }

// States asks for several units at once, in the order given.
func States(ctx context.Context, names []string) ([]State, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := systemctl(ctx, append([]string{"show", "-p", "Id,ActiveState,LoadState,Triggers", "--"}, names...)...)
	if err != nil {
		return nil, err
	}
	blocks := strings.Split(strings.TrimSpace(out), "\n\n")
	if len(blocks) != len(names) {
		return nil, fmt.Errorf("systemctl answered for %d units, %d were asked for", len(blocks), len(names))
	}
	states := make([]State, len(names))
	for i, block := range blocks {
		states[i] = parseState(names[i], block)
	}
	return states, nil
}

func parseState(unit, block string) State {
	state := State{Unit: unit}
	for _, line := range strings.Split(block, "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "Id":
			state.ID = value
		case "ActiveState":
			state.Active = value
		case "LoadState":
			state.Loaded = value == "loaded"
		case "Triggers":
			state.Triggers = strings.Fields(value)
		}
	}
	return state
}

// Show answers some properties of a unit, as systemd has them.
func Show(ctx context.Context, unit string, properties []string) (map[string]string, error) {
	out, err := systemctl(ctx, "show", "-p", strings.Join(properties, ","), "--", unit)
	if err != nil {
		return nil, err
	}
	shown := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if key, value, ok := strings.Cut(line, "="); ok {
			shown[key] = value
		}
	}
	return shown, nil
}

// Running maps each unit to whether it runs.
func Running(ctx context.Context, names []string) (map[string]bool, error) {
	states, err := States(ctx, names)
	if err != nil {
		return nil, err
	}
	running := map[string]bool{}
	for _, state := range states {
		running[state.Unit] = state.Active == "active" || state.Active == "activating" || state.Active == "reloading"
	}
	return running, nil
}

// Await polls until a unit rests or the deadline passes; it says whether it rests.
func Await(ctx context.Context, unit string, until time.Time) (bool, error) {
	for {
		states, err := States(ctx, []string{unit})
		if err != nil {
			return false, err
		}
		if !states[0].Runs() {
			return true, nil
		}
		if !time.Now().Before(until) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(15 * time.Millisecond):
		}
	}
}

// StopBy asks a unit to stop, waits until the deadline, and kills then what is left of it. systemd itself tells when the
// stop has come to its end.
func StopBy(ctx context.Context, unit string, until time.Time) (Stop, error) {
	begin := time.Now()
	done := func(killed bool) Stop { return Stop{unit, time.Since(begin).Milliseconds(), killed} }
	patience, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if _, err := systemctl(patience, "stop", "--", unit); err == nil {
		return done(false), nil
	}
	// Refused, as there is no such unit or somebody else wants it started; or too slow, or nobody waits any more.
	if rests, err := Await(ctx, unit, until); rests || err != nil {
		return done(false), err
	}
	if _, err := systemctl(ctx, "kill", "-s", "KILL", "--", unit); err != nil {
		return done(true), err
	}
	err := awaitDeath(ctx, unit, time.Now().Add(5*time.Second))
	return done(true), err
}

// awaitDeath waits until a unit that was killed rests, or has no process left: systemd may take seconds to notice that
// where control groups of version 1 do not tell it.
func awaitDeath(ctx context.Context, unit string, until time.Time) error {
	out, err := systemctl(ctx, "show", "-p", "ControlGroup", "--value", "--", unit)
	if err != nil {
		return err
	}
	group := strings.TrimSpace(out)
	for {
		rests, err := Await(ctx, unit, time.Now())
		switch {
		case err != nil:
			return err
		case rests || group != "" && deserted(group):
			return nil
		case time.Now().After(until):
			return fmt.Errorf("%s still runs 5 s after it was killed", unit)
		}
		time.Sleep(15 * time.Millisecond)
	}
}

// deserted says for sure that no process is left in a control group; where it cannot tell, it says no.
func deserted(group string) bool {
	known := false
	for _, hierarchy := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(hierarchy + "/cgroup.procs"); err != nil {
			continue
		}
		known = true
		occupied := errors.New("occupied")
		err := filepath.WalkDir(hierarchy+group, func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || filepath.Base(path) != "cgroup.procs" {
				return nil
			}
			if content, err := os.ReadFile(path); err == nil && len(content) > 0 {
				return occupied
			}
			return nil
		})
		if err != nil {
			return false
		}
	}
	return known
}

// StartNow starts a unit and waits until systemd says that it is up. An earlier failure does not count against it.
func StartNow(ctx context.Context, unit string) (Start, error) {
	begin := time.Now()
	Forgive(ctx, []string{unit})
	started, err := StartForgiven(ctx, unit)
	started.Ms = time.Since(begin).Milliseconds()
	return started, err
}

// Forgive forgets earlier failures of units, which may keep them from being started.
func Forgive(ctx context.Context, names []string) {
	if len(names) > 0 {
		systemctl(ctx, append([]string{"reset-failed", "--"}, names...)...) // complains when there were none
	}
}

// StartForgiven is StartNow for a unit whose failures are forgotten already.
func StartForgiven(ctx context.Context, unit string) (Start, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := systemctl(ctx, "start", "--", unit)
	return Start{unit, time.Since(begin).Milliseconds()}, err
}

// Reload makes systemd read units and drop-ins again.
func Reload(ctx context.Context) error {
	_, err := systemctl(ctx, "daemon-reload")
	return err
}

// Do is any other word to systemctl.
func Do(ctx context.Context, args ...string) error {
	_, err := systemctl(ctx, args...)
	return err
}

func systemctl(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "systemctl", args...).Output()
	if err == nil {
		return string(out), nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return "", fmt.Errorf("systemctl %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
	}
	return "", fmt.Errorf("systemctl %s: %w", args[0], err)
}
