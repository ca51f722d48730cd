package daemon

import (
	"context"
	"net"
	"testing"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
)

// heldReceiver is one that forwarded, holds now and whose lease ran out; the giver is this machine, at this port.
func heldReceiver(t *testing.T, port int) *Daemon {
	t.Helper()
	d := frozenDaemon(t, t.TempDir())
	d.node.Role, d.node.Forwarding = machine.Closed, machine.ForwardOn
	d.node.Config = &machine.Config{Ports: []machine.Port{{Port: port, Protocol: "tcp"}}, Peer: machine.Peer{Address: "127.0.0.1"}}
	a := d.node.Attempt
	a.Part, a.Phase, a.Freeze, a.Holding, a.HoldLimitMs = machine.Receiver, machine.Held, machine.NotStopped, true, 30_000
	d.clock.HeldMs = boot.NowMs()
	if err := d.record(machine.Expire{Why: "the lease ran out"}); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClientsOfAReceiverWaitUntilTheGiverServes(t *testing.T) {
	ctx := context.Background()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := heldReceiver(t, socket.Addr().(*net.TCPAddr).Port)
	if !d.giverServes(ctx, d.now()) {
		t.Fatal("the giver serves")
	}
	socket.Close()
	d.undo(ctx)
	n := d.now()
	if !n.Attempt.Over || machine.Wanted(n).Hold != machine.HoldNew {
		t.Fatalf("they are let go while the giver is frozen: %+v", n.Attempt)
	}
	d.clock.HeldMs -= 31_000
	if !d.giverServes(ctx, d.now()) {
		t.Fatal("nobody waits over the limit of a hold")
	}
}
