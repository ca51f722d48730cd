package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/rehearsal"
	"lifeboat/helper/internal/units"
)

const (
	leastMemory = 32 << 20
	// memoryShare is what a view may take of the memory that is free.
	memoryShare = 4
	mostForMs   = 600_000
)

type skipped struct {
	Unit string `json:"unit"`
	Why  string `json:"why"`
}

// rehearse starts services of a closed side on a view of its disks and in a network of their own, until end-rehearsal or
// until the time is over. Copies are kept out meanwhile: what lies below a view must not change.
func (d *Daemon) rehearse(ctx context.Context, r request) (answer, error) {
	var f struct {
		Units []string // which of the services; absent: all
		ForMs int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if f.ForMs < 1 || f.ForMs > mostForMs {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("rehearse: for how long? At most %d s", mostForMs/1000)}
	}
	d.rehearsal.changing.Lock()
	defer d.rehearsal.changing.Unlock()
	if _, err := d.endWhileChanging(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(f.ForMs)*time.Millisecond)
	defer cancel()
	d.rehearsal.stop.Store(&cancel)
	if err := d.mayRehearse(f.ForMs); err != nil {
		return nil, err
	}
	told, err := d.beginRehearsal(ctx, f.Units, int(f.ForMs/1000)+1)
	if err != nil {
		d.endWhileChanging(ctx) // what does not end now is the guard's
	}
	return told, err
}

// mayRehearse lets nobody in to copy from here on, nor begins below an attempt.
func (d *Daemon) mayRehearse(forMs int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.node
	if n.Config == nil || n.Tombstone || n.Role != machine.Closed {
		return &machine.Refusal{Code: machine.GateClosed, Text: "only a closed side is rehearsed on"}
	}
	if a := n.Attempt; a != nil && !a.Over && a.Phase != machine.PhaseDone {
		return &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("attempt %d is open", a.Number)}
	}
	d.rehearsal.endsMs.Store(boot.NowMs() + forMs)
	return nil
}

func (d *Daemon) beginRehearsal(ctx context.Context, wanted []string, seconds int) (answer, error) {
	if err := d.endReceivers(ctx); err != nil {
		return nil, err
	}
	place, config := d.paths.Rehearsal(), d.now().Config
	most := memoryFree() / memoryShare
	if most < leastMemory {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("a view may take a quarter of the free memory, %d MiB; it needs %d MiB", most>>20, leastMemory>>20)}
	}
	roots := []string{}
	for _, root := range config.Roots {
		roots = append(roots, root.Path)
	}
	if err := rehearsal.Open(place, roots, most); err != nil {
		return nil, err
	}
	if err := rehearsal.OpenNetwork(place); err != nil {
		return nil, err
	}
	order := slices.Clone(config.Services)
	slices.Reverse(order)
	order = slices.DeleteFunc(order, func(unit string) bool { return wanted != nil && !slices.Contains(wanted, unit) })
	return d.startRehearsed(ctx, place, order, seconds)
}

// startRehearsed starts them one after the other, as a promotion does.
func (d *Daemon) startRehearsed(ctx context.Context, place rehearsal.Place, order []string, seconds int) (answer, error) {
	started, left := []units.Start{}, []skipped{}
	told := func() answer { return answer{"started": started, "skipped": left} }
	for _, unit := range order {
		why, err := writeRehearsed(ctx, place, unit, seconds)
		if err != nil {
			return told(), err
		}
		if why != "" {
			left = append(left, skipped{unit, why})
		}
	}
	if err := units.Reload(ctx); err != nil {
		return told(), err
	}
	for _, unit := range order {
		if slices.ContainsFunc(left, func(s skipped) bool { return s.Unit == unit }) {
			continue
		}
		one, err := units.StartForgiven(ctx, place.UnitName(unit))
		if err != nil {
			return told(), &machine.Refusal{Code: machine.GateClosed, Text: didNotStart(ctx, place, unit), Details: map[string]any{"unit": unit}}
		}
		started = append(started, units.Start{Unit: unit, Ms: one.Ms})
	}
	return told(), nil
}

// writeRehearsed writes the unit that stands for a service; `why` says what keeps that from being rehearsed.
func writeRehearsed(ctx context.Context, place rehearsal.Place, unit string, seconds int) (why string, err error) {
	shown, err := units.Show(ctx, unit, append(rehearsal.Settings(), "LoadState", "FragmentPath", "DropInPaths"))
	if err != nil {
		return "", err
	}
	if shown["FragmentPath"] == "" {
		return "", &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("%s cannot be started here: systemd says %s", unit, shown["LoadState"]), Details: map[string]any{"unit": unit}}
	}
	files := []string{}
	for _, path := range append([]string{shown["FragmentPath"]}, strings.Fields(shown["DropInPaths"])...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		files = append(files, string(text))
	}
	text, why := rehearsal.Rewrite(unit, files, shown, place, seconds)
	if why != "" {
		return why, nil
	}
	return "", os.WriteFile(filepath.Join(place.Units, place.UnitName(unit)), []byte(text), 0o600)
}

// didNotStart: what a service wrote may be a secret, so only where it stands is told.
func didNotStart(ctx context.Context, place rehearsal.Place, unit string) string {
	shown, err := units.Show(context.WithoutCancel(ctx), place.UnitName(unit), []string{"Result", "ExecMainStatus"})
	if err != nil {
		return fmt.Sprintf("%s did not start: %v", unit, err)
	}
	return fmt.Sprintf("%s did not start: %s, status %s; its words: journalctl -u %s", unit, shown["Result"], shown["ExecMainStatus"], place.UnitName(unit))
}

// rehearseRun runs a command where the rehearsed services are.
func (d *Daemon) rehearseRun(ctx context.Context, r request) (answer, error) {
	var f struct {
		Command    []string
		DeadlineMs int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if len(f.Command) == 0 || f.DeadlineMs < 1 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: "rehearse-run: which command, and for how long?"}
	}
	if !d.rehearsal.stands() {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "no rehearsal is on"}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(f.DeadlineMs)*time.Millisecond)
	defer cancel()
	place := d.paths.Rehearsal()
	name := place.UnitName(fmt.Sprintf("check-%d.service", d.rehearsal.checks.Add(1)))
	words := []string{"systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--unit=" + name}
	for _, property := range []string{
		"RootDirectory=" + place.View(), "MountAPIVFS=yes", "NetworkNamespacePath=" + place.Network(), fmt.Sprintf("RuntimeMaxSec=%d", f.DeadlineMs/1000+1),
	} {
		words = append(words, "--property="+property)
	}
	code, out, said, err := d.command(ctx, append(append(words, "--"), f.Command...), "", func(int) error { return nil })
	return answer{"exitCode": code, "stdout": out, "stderr": said}, err
}

// rehearsed ends it.
func (d *Daemon) rehearsed(ctx context.Context, _ request) (answer, error) {
	return d.endRehearsal(ctx)
}

// memoryFree is what programs could get without anything being swapped.
func memoryFree() int64 {
	text, _ := os.ReadFile("/proc/meminfo")
	for _, line := range strings.Split(string(text), "\n") {
		var kib int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
