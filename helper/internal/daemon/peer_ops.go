package daemon

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	"lifeboat/helper/internal/machine"
)

// peerLine answers what the other side may ask. It carries no token: its right is the key that ssh let in, and it can
// only ask what was decided, or decide an attempt against this side. Nil: not a question of the peer.
func (d *Daemon) peerLine(ctx context.Context, r request) answer {
	var told answer
	var err error
	switch r.Op {
	case "peer-void":
		told, err = d.makeVoid(ctx, r.Attempt, machine.MakeVoid{Call: machine.Call{Attempt: r.Attempt}, ByPeer: true})
	case "peer-overrule":
		told, err = d.makeVoid(ctx, r.Attempt, machine.Overrule{Attempt: r.Attempt})
	case "peer-succeed":
		told, err = d.giveWay(ctx, r.Attempt)
	case "peer-receive":
		var f struct {
			PID         int
			Destination string
		}
		if err = r.read(&f); err == nil {
			err = d.admit(f.PID, f.Destination)
		}
	case "peer-writes":
		var f struct{ PID int }
		if err = r.read(&f); err == nil {
			err = d.recording.copiers.told(f.PID)
		}
	case "peer-way":
		var f struct{ Port int }
		if err = r.read(&f); err == nil {
			err = d.peerWay(f.Port)
		}
	default:
		return nil
	}
	if err != nil {
		failed := failure(err, told)
		if told != nil {
			failed["value"] = told["value"]
		}
		return failed
	}
	if told == nil {
		told = answer{}
	}
	told["ok"] = true
	return told
}

// peerPort says where a port of the move is on the other side, and nothing of any other port.
func (d *Daemon) peerPort(_ context.Context, r request) (answer, error) {
	var f struct{ Port int }
	if err := r.read(&f); err != nil {
		return nil, err
	}
	c := d.now().Config
	if c == nil || !slices.Contains(c.PortsOf("tcp"), f.Port) {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("%d is no TCP port of this move", f.Port)}
	}
	return answer{"address": net.JoinHostPort(c.Peer.Address, strconv.Itoa(f.Port))}, nil
}
