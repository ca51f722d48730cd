package daemon

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"
	"lifeboat/helper/internal/peerlink"
)

// askFor: a peer that is silent for so long, with a route there, does not keep this side shut.
const askFor = 5 * time.Second

// isFreshBoot: no helper of this move has run since the machine started. It is asked before the boot gets its name.
func isFreshBoot(p paths.Paths) bool { return !durable.Exists(filepath.Join(p.Runtime(), "boot")) }

// mayBeSucceeded: this side was open when its machine went down, and the other one may have been promoted meanwhile. One that a
// person opened without the other's word is told of that first.
func mayBeSucceeded(n machine.Node) bool {
	return n.Config != nil && n.Role == machine.Open && n.Overruling == 0
}

// askBeforeOpening: until the other side has told who serves, or is silent, no client reaches a side that was started anew.
func (d *Daemon) askBeforeOpening(ctx context.Context) {
	peer := d.now().Config.Peer
	var silentSince time.Time
	for ctx.Err() == nil && (silentSince.IsZero() || time.Since(silentSince) < askFor) {
		// Whom we do not reach has no way to us, mostly: a network that comes up late takes nothing from the time to ask.
		if silentSince.IsZero() && hasRoute(peer) {
			silentSince = time.Now()
		}
		if !silentSince.IsZero() {
			one, cancel := context.WithTimeout(ctx, askFor)
			hello, err := d.peer.Ask(one, peer, "hello")
			cancel()
			if err == nil {
				if attempt := succeededBy(hello); attempt > 0 {
					_, err = d.giveWay(ctx, attempt)
					d.journal.Note("asked-at-boot", map[string]any{"attempt": attempt, "refused": err != nil})
				}
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.waking.Store(false)
	d.settleNow(ctx)
}

// succeededBy is the attempt by which the other side serves, as it says; 0: it does not.
func succeededBy(hello peerlink.Answer) int64 {
	verdict, _ := hello["verdict"].(map[string]any)
	attempt, _ := verdict["attempt"].(float64)
	if hello["role"] != string(machine.Open) || verdict["value"] != string(machine.Committed) {
		return 0
	}
	return int64(attempt)
}

func hasRoute(peer machine.Peer) bool {
	conn, err := net.Dial("udp", net.JoinHostPort(peer.Address, strconv.Itoa(peer.Port)))
	if err == nil {
		conn.Close()
	}
	return err == nil
}
