package daemon

import (
	"context"
	"os"
	"path/filepath"

	"lifeboat/helper/internal/install"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
	"lifeboat/helper/internal/rules"
)

// tombstone leaves the guard, and this program to answer hello and a higher claim.
func (d *Daemon) tombstone(ctx context.Context, r request) (answer, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	if err := d.step(machine.Entomb{Call: d.call(r)}); err != nil {
		return nil, err
	}
	if err := d.endReceivers(ctx); err != nil {
		return nil, err
	}
	if n := d.now(); n.Config != nil {
		d.peer.Retire(ctx, n.Config.Peer)
	}
	if err := d.recording.stop(); err != nil {
		return nil, err
	}
	if err := peerlink.Authorize(d.paths, ""); err != nil {
		return nil, err
	}
	for _, path := range []string{d.paths.Key(), d.paths.Key() + ".pub", d.paths.KnownHosts(), d.paths.Record()} {
		if err := os.RemoveAll(path); err != nil {
			return nil, err
		}
	}
	if err := install.Entomb(ctx, d.paths); err != nil {
		return nil, err
	}
	_, err := d.settle(ctx)
	return nil, err
}

// remove takes everything of this move off the node but its data. The answer is the daemon's last word.
func (d *Daemon) remove(ctx context.Context, r request) (answer, error) {
	var f struct{ Force, Finished bool }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	d.effects.Lock() // never given back: nothing may be put up again
	d.mu.Lock()
	refusal := d.node.MayRemove(r.Token, f.Force)
	d.mu.Unlock()
	if refusal != nil {
		d.effects.Unlock()
		return nil, refusal
	}
	if err := d.takeDown(ctx, f.Finished); err != nil {
		d.effects.Unlock()
		return nil, err
	}
	return nil, install.End(ctx, d.paths)
}

// takeDown: what syncs have put aside is kept until the move is finished, whatever else goes.
func (d *Daemon) takeDown(ctx context.Context, finished bool) error {
	d.echo.end()
	if _, err := d.endRehearsal(ctx); err != nil {
		return err
	}
	if err := d.endReceivers(ctx); err != nil {
		return err
	}
	if err := d.recording.stop(); err != nil {
		return err
	}
	for path := range d.now().Roots {
		if !finished {
			break
		}
		if err := os.RemoveAll(filepath.Join(path, aside)); err != nil {
			return err
		}
	}
	if d.rules != nil {
		if err := d.rules.Remove(ctx, d.paths.Table()); err != nil {
			return err
		}
		if err := rules.OpenWays(ctx, rules.Ways{Comment: d.paths.KeyComment()}); err != nil {
			return err
		}
	}
	for key := range d.now().Sysctls {
		d.restoreSysctl(key)
	}
	if n := d.now(); n.Config != nil {
		d.peer.Cool(ctx, n.Config.Peer)
	}
	if err := peerlink.Authorize(d.paths, ""); err != nil {
		return err
	}
	if err := install.Uninstall(ctx, d.paths); err != nil {
		return err
	}
	if err := os.RemoveAll(d.paths.Folder()); err != nil {
		return err
	}
	os.Remove(filepath.Dir(d.paths.Folder())) // stays while another move is at home here
	return nil
}
