// Package paths names every file of a move on a node, in one place (docs/helper-protocol.md, Folder and names).
package paths

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"lifeboat/helper/internal/rehearsal"
)

type Paths struct {
	Move string
	Root string // empty but in tests: what stands before every folder
}

var moveName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// For checks the name: it becomes part of paths, units and rules.
func For(move string) (Paths, error) {
	if !moveName.MatchString(move) {
		return Paths{}, fmt.Errorf("%q is not the name of a move", move)
	}
	return Paths{Move: move}, nil
}

func (p Paths) Folder() string           { return p.Root + "/var/lib/lifeboat/" + p.Move }
func (p Paths) Runtime() string          { return p.Root + "/run/lifeboat-" + p.Move }
func (p Paths) in(name string) string    { return filepath.Join(p.Folder(), name) }
func (p Paths) inRun(name string) string { return filepath.Join(p.Runtime(), name) }

func (p Paths) Program() string    { return p.in("lifeboat-helper") }
func (p Paths) State() string      { return p.in("state.json") }
func (p Paths) Closed() string     { return p.in("closed") }
func (p Paths) Journal() string    { return p.in("journal.jsonl") }
func (p Paths) Key() string        { return p.in("run_key") }
func (p Paths) KnownHosts() string { return p.in("known_hosts") }
func (p Paths) Record() string     { return p.in("record") }

// Hashes is what is known of the contents of one root.
func (p Paths) Hashes(root string) string { return filepath.Join(p.Record(), "hashes-"+root) }

// FirstCopy marks a root in which a first copy began with nothing.
func (p Paths) FirstCopy(root int) string { return p.in(fmt.Sprintf("first-copy-%d", root)) }

func (p Paths) Promoted() string  { return p.inRun("promoted") }
func (p Paths) Frozen() string    { return p.inRun("frozen") }
func (p Paths) Returning() string { return p.inRun("returning") }
func (p Paths) DeadMan() string   { return p.inRun("deadman.json") }
func (p Paths) Socket() string    { return p.inRun("helper.sock") }
func (p Paths) Lock() string      { return p.inRun("lock") }
func (p Paths) Receivers() string { return p.inRun("receivers") }
func (p Paths) PeerMux() string   { return p.inRun("peer") }
func (p Paths) CopyMux() string   { return p.inRun("copies") }
func (p Paths) Relays() string    { return p.inRun("relays") }

// Rehearsal is where a rehearsal happens: in memory, as nothing of it may outlive a boot.
func (p Paths) Rehearsal() rehearsal.Place {
	return rehearsal.Place{Folder: p.inRun("rehearsal"), Units: p.Root + "/run/systemd/system", Prefix: "lifeboat-" + p.Move + "-rehearsal-"}
}

func (p Paths) HelperUnit() string   { return "lifeboat-" + p.Move + "-helper.service" }
func (p Paths) DeadManUnit() string  { return "lifeboat-" + p.Move + "-deadman.service" }
func (p Paths) DeadManTimer() string { return "lifeboat-" + p.Move + "-deadman.timer" }
func (p Paths) EndUnit() string      { return "lifeboat-" + p.Move + "-end.service" }
func (p Paths) UnitFile(unit string) string {
	return "/etc/systemd/system/" + unit
}
func (p Paths) DropIn(unit string) string {
	return "/etc/systemd/system/" + unit + ".d/50-lifeboat-" + p.Move + ".conf"
}

// Table is the name of the move's nftables table; Chain that of its iptables chains.
func (p Paths) Table() string      { return "lifeboat_" + strings.ReplaceAll(p.Move, "-", "_") }
func (p Paths) KeyComment() string { return "lifeboat " + p.Move }
