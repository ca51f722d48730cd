package daemon

import (
	"context"

	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/rules"
)

// openFirewalls lets what is redirected or forwarded through the firewall that the node had before. That it cannot is
// told, and shows at once: no client of the proof arrives. What was let through stays so while connections may live by
// it, also those of a way that was closed since. Called with effects held; what was opened already is looked at again
// only on demand, as that costs a few processes.
func (d *Daemon) openFirewalls(ctx context.Context, plan rules.Plan, again bool) {
	n := d.now()
	ways := rules.Ways{Comment: d.paths.KeyComment(), Peer: plan.Peer}
	counts := d.holder.Counts()
	if n.Attempt != nil || plan.Forward || counts.Held+counts.Spliced > 0 {
		ways.Here, ways.Relay = d.holder.Ports(), d.relay.Ports()
	}
	// A giver will forward when clients wait for nothing else: what that needs is opened before they do.
	if n.Forwarding != machine.NotForwarding || plan.Forward || n.Attempt != nil && n.Attempt.Part == machine.Giver {
		ways.TCP, ways.UDP = plan.TCP, plan.UDP
	}
	if !again && d.ways != nil && d.ways.Equal(ways) {
		return
	}
	err := rules.OpenWays(ctx, ways)
	d.trouble.set("firewall", err)
	if d.ways = &ways; err != nil {
		d.ways = nil
	}
}
