package daemon

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
	"lifeboat/helper/internal/roots"
	"lifeboat/helper/internal/units"

	"golang.org/x/sys/unix"
)

func (d *Daemon) hello(context.Context, request) (answer, error) {
	n := d.now()
	side, latest := "", n.Highest
	if n.Config != nil {
		side = n.Config.Side
	}
	for attempt := range n.Verdicts {
		latest = max(latest, attempt)
	}
	attempt := n.Highest
	told := answer{
		"version": d.version, "build": d.build, "move": n.Move, "owner": n.Owner, "token": n.Token, "side": side, "role": n.Role, "phase": n.Phase(),
		"attempt": attempt, "verdict": answer{"attempt": latest, "value": n.VerdictOf(latest)},
		"bootId": d.bootID, "uptimeMs": boot.NowMs(), "date": boot.Date().Format(time.RFC3339Nano), "configured": n.Config != nil, "forwarding": n.Forwarding == machine.ForwardOn,
		"tombstone": n.Tombstone, "fenced": n.FencedOff != nil, "overruling": n.Overruling, "succeeding": n.Succeeding, "recorder": d.recording.status(), "trouble": d.trouble.list(),
	}
	if a := n.Attempt; a != nil {
		told["over"], told["why"] = a.Over, a.Why
	}
	return told, nil
}

func (d *Daemon) claim(ctx context.Context, r request) (answer, error) {
	var fields struct{ Owner, Execution, From string }
	if err := r.read(&fields); err != nil {
		return nil, err
	}
	before := d.now().Token
	if err := d.step(machine.Claim{Owner: fields.Owner, Token: r.Token, Execution: fields.Execution, From: fields.From}); err != nil {
		return nil, err
	}
	if fields.From != "" {
		d.effects.Lock()
		_, err := d.settle(ctx)
		d.effects.Unlock()
		if err != nil {
			return nil, err
		}
	}
	if r.Token > before {
		if err := d.endReceivers(ctx); err != nil {
			return nil, err
		}
	}
	return answer{"token": r.Token}, nil
}

func (d *Daemon) configure(ctx context.Context, r request) (answer, error) {
	var fields struct{ Config machine.Config }
	if err := r.read(&fields); err != nil {
		return nil, err
	}
	if err := fields.Config.Check(); err != nil {
		return nil, &machine.Refusal{Code: machine.Usage, Text: err.Error()}
	}
	d.effects.Lock()
	defer d.effects.Unlock()
	if role := d.now().Role; role == machine.Closed || role == "" && fields.Config.Role == machine.Closed {
		for _, root := range fields.Config.Roots {
			if err := os.MkdirAll(root.Path, 0o755); err != nil {
				return nil, err
			}
		}
	}
	ids := map[string]machine.RootID{}
	list := []answer{}
	for _, root := range fields.Config.Roots {
		id, err := roots.Identify(root.Path)
		if err != nil {
			return nil, err
		}
		ids[root.Path] = id
		list = append(list, answer{"path": root.Path, "device": id.Device, "fsUuid": id.FsUUID, "inode": id.Inode})
	}
	if was := d.now().Config; was != nil && (was.Peer.Address != fields.Config.Peer.Address || was.Peer.Port != fields.Config.Peer.Port) {
		d.peer.Cool(ctx, was.Peer)
		d.peer.Retire(ctx, was.Peer)
	}
	public, err := d.peer.EnsureKey(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.peer.Trust(fields.Config.Peer); err != nil {
		return nil, err
	}
	if err := units.Guard(ctx, d.paths, fields.Config.Units()); err != nil {
		return nil, err
	}
	if err := d.step(machine.Configure{Call: d.call(r), Config: fields.Config, Roots: ids}); err != nil {
		return nil, err
	}
	if _, err := d.stopClosed(ctx); err != nil {
		return nil, err
	}
	if _, err := d.settle(ctx); err != nil {
		return nil, err
	}
	if err := d.settleWays(ctx); err != nil {
		return nil, err
	}
	filter := "none"
	if d.rules != nil {
		filter = d.rules.Name()
	}
	return answer{
		"publicKey": public, "hostKeys": peerlink.HostKeys(), "roots": list, "kernel": kernel(), "nft": filter == "nft",
		"filter": filter, "rsync": rsyncVersion(ctx), "bootId": d.bootID, "role": d.now().Role,
	}, nil
}

func (d *Daemon) authorize(_ context.Context, r request) (answer, error) {
	var fields struct{ PublicKey string }
	if err := r.read(&fields); err != nil {
		return nil, err
	}
	if fields.PublicKey == "" {
		return nil, &machine.Refusal{Code: machine.Usage, Text: "authorize: which publicKey?"}
	}
	return nil, peerlink.Authorize(d.paths, fields.PublicKey)
}

func (d *Daemon) askHello(ctx context.Context, _ request) (answer, error) {
	c := d.now().Config
	if c == nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "this node is not configured yet"}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	begin := time.Now()
	hello, err := d.peer.Ask(ctx, c.Peer, "hello")
	if err != nil {
		return answer{"reachable": false, "why": err.Error(), "hello": nil}, nil
	}
	return answer{"reachable": true, "ms": time.Since(begin).Milliseconds(), "hello": hello}, nil
}

func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

var rsyncSays = regexp.MustCompile(`version v?(\d+(\.\d+)+)`)

// rsyncVersion is null where there is no rsync.
func rsyncVersion(ctx context.Context) any {
	out, err := exec.CommandContext(ctx, "rsync", "--version").Output()
	if found := rsyncSays.FindSubmatch(out); err == nil && found != nil {
		return string(found[1])
	}
	return nil
}

func (d *Daemon) verdict(_ context.Context, r request) (answer, error) {
	if r.Attempt < 1 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("verdict of which attempt? %d is none", r.Attempt)}
	}
	return answer{"attempt": r.Attempt, "value": d.now().VerdictOf(r.Attempt)}, nil
}
