package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/roots"
	"lifeboat/helper/internal/shards"
)

const maxShards = 16

// shards divides the names below a root among copies that run at the same time.
func (d *Daemon) shards(ctx context.Context, r request) (answer, error) {
	var f struct {
		Root  string
		Count int
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	if n.Config == nil || !slices.ContainsFunc(n.Config.Roots, func(root machine.Root) bool { return root.Path == f.Root }) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: f.Root + " is no root of this move"}
	}
	if f.Count < 1 || f.Count > maxShards {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%d shards are asked for, at most %d are made", f.Count, maxShards)}
	}
	if err := roots.Same(f.Root, n.Roots[f.Root]); err != nil {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: err.Error()}
	}
	at := slices.IndexFunc(n.Config.Roots, func(root machine.Root) bool { return root.Path == f.Root })
	lists, err := shards.Write(ctx, filepath.Join(d.paths.Record(), fmt.Sprintf("shard-%d", at)), shards.Job{
		Root:    f.Root,
		Exclude: func(name string) bool { return excluded(n.Config, f.Root, name) },
		Count:   f.Count,
	})
	return answer{"lists": lists}, err
}

// probe measures the way to the other side, as a copy would go it.
func (d *Daemon) probe(ctx context.Context, r request) (answer, error) {
	peer, cipher, err := d.copyTo(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	measured, err := d.peer.Probe(ctx, peer, cipher)
	if err != nil {
		return nil, err
	}
	return answer{"rttMs": measured.RTTMs, "bytesPerSecond": measured.BytesPerSecond, "connections": measured.Connections}, nil
}

// warm sees to the connection that passes share: most of what a short one takes is ssh's handshake.
func (d *Daemon) warm(ctx context.Context, r request) (answer, error) {
	peer, cipher, err := d.copyTo(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	socket, err := d.peer.Warm(ctx, peer, cipher)
	if err != nil {
		return nil, err
	}
	return answer{"socket": socket}, nil
}

// copyTo reads whom an ssh of a copy goes to, and its cipher: empty, what ssh chooses.
func (d *Daemon) copyTo(r request) (machine.Peer, string, error) {
	var f struct{ Cipher string }
	if err := r.read(&f); err != nil {
		return machine.Peer{}, "", err
	}
	c := d.now().Config
	if c == nil {
		return machine.Peer{}, "", &machine.Refusal{Code: machine.GateClosed, Text: "this node is not configured yet"}
	}
	return c.Peer, f.Cipher, nil
}
