package daemon

import (
	"context"
	"net"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
)

const triesPort = 500 * time.Millisecond

// giverServes says whether those who wait on a receiver whose attempt is over would be served if they were let go. A giver
// holds everybody but its peer, so what the peer connects to is its services: frozen or sealed, none of them takes a
// connection. Nobody waits for it over the limit of a hold.
func (d *Daemon) giverServes(ctx context.Context, n machine.Node) bool {
	ports := n.Config.PortsOf("tcp")
	d.mu.Lock()
	since := d.clock.HeldMs
	d.mu.Unlock()
	if len(ports) == 0 || since == 0 || boot.NowMs()-since > n.Attempt.HoldLimitMs {
		return true
	}
	toPeer := targetOf(n, machine.World{Serves: machine.ToPeer})
	dialer := net.Dialer{Timeout: triesPort}
	for _, port := range ports {
		for _, place := range toPeer(port, "") {
			if conn, err := dialer.DialContext(ctx, "tcp", place.Address); err == nil {
				conn.Close()
				return true
			}
		}
	}
	return false
}
