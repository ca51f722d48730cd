package daemon

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/flows"
	"lifeboat/helper/internal/holder"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/rules"
)

// settled is what the world looks like after it was brought in line with the state.
type settled struct {
	hash      string
	listening map[int]int
	relaying  map[int]int
	released  int
	failed    int
}

// settle brings holder and rules in line with the state. Called with effects held. Redirected connections always find
// somebody who listens: the holder is ready before the rules, and lets go after they are gone. Only who belongs to the
// peer is let go while they still change: no rule of ours turns the holder's own connections there back to it.
func (d *Daemon) settle(ctx context.Context) (settled, error) {
	n := d.now()
	done := settled{}
	if n.Config == nil {
		return done, nil
	}
	w := machine.Wanted(n)
	tcp := n.Config.PortsOf("tcp")
	if d.lonely && w.Hold == machine.HoldNew {
		w.Hold = machine.Pass // nobody is here to hold them
	}
	if !d.lonely && (w.Hold == machine.HoldNew || w.Forwarding == machine.ForwardOn) {
		if w.Hold == machine.HoldNew {
			d.raiseLimits()
			d.holder.Hold(time.Duration(n.Attempt.HoldLimitMs)*time.Millisecond, d.markHeld())
		}
		at, err := d.holder.Listen(tcp)
		if err != nil {
			return done, err
		}
		done.listening = at
	}
	if !d.lonely && w.Forwarding == machine.ForwardOn {
		at, err := d.relay.Listen(n.Config.PortsOf("udp"), n.Config.Peer.Address)
		if err != nil {
			return done, err
		}
		done.relaying = at
	}
	if err := d.settleForwardingSysctls(w, n); err != nil {
		return done, err
	}
	plan, err := planOf(d.paths.Table(), n, w, done)
	if err != nil {
		return done, err
	}
	if d.rules != nil && d.returning.Load() {
		plan.Silent, plan.SilentTCP = plan.UDP, plan.TCP
	}
	letGo := func() (int, int) { return 0, 0 }
	if w.Serves == machine.ToPeer {
		letGo = d.letGo(n, w)
	}
	// Before the rules: nobody is sent to a port that the node's firewall still refuses.
	d.openFirewalls(ctx, plan, false)
	if d.rules == nil {
		if plan.Forward || plan.PortGuard || plan.Reject || len(plan.Catch) > 0 {
			return done, &machine.Refusal{Code: machine.NodeToolAbsent, Text: d.why}
		}
	} else if done.hash, err = d.rules.Apply(ctx, plan); err != nil {
		return done, err
	}
	// A flow keeps its first way for as long as it is used; each change of the way begins all flows anew.
	if plan.Forward != d.plan.Forward || len(plan.Silent) != len(d.plan.Silent) {
		_, err := flows.Forget(plan.UDP)
		d.trouble.set("flows", err)
	}
	if !plan.Forward {
		d.relay.Close()
	}
	d.plan = plan
	d.traffic.forwards(plan.Forward)
	if d.lonely {
		return done, nil
	}
	if w.Hold == machine.Refuse {
		d.holder.Refuse()
	}
	if w.Serves == machine.Local {
		letGo = d.letGo(n, w)
	}
	done.released, done.failed = letGo()
	if w.Hold == machine.Pass {
		d.restoreSysctl(somaxconn)
	}
	return done, nil
}

// letGo begins to connect whoever the holder holds to where they are served now, and answers how to wait for the end.
func (d *Daemon) letGo(n machine.Node, w machine.World) func() (released, failed int) {
	if d.lonely || w.Hold != machine.Pass {
		return func() (int, int) { return 0, 0 }
	}
	target := targetOf(n, w)
	if d.holder.Counts().SinceMs == 0 {
		d.holder.Pass(target)
		return func() (int, int) { return 0, 0 }
	}
	type count struct{ released, failed int }
	ended := make(chan count, 1)
	go func() {
		released, failed := d.holder.Release(target)
		ended <- count{released, failed}
	}()
	d.markReleased()
	return func() (int, int) {
		all := <-ended
		return all.released, all.failed
	}
}

func planOf(table string, n machine.Node, w machine.World, at settled) (rules.Plan, error) {
	plan := rules.Plan{
		Table: table, TCP: n.Config.PortsOf("tcp"), UDP: n.Config.PortsOf("udp"),
		Anchor: w.Anchor, Forward: w.Forwarding == machine.ForwardOn, Reject: w.Forwarding == machine.Rejecting, PortGuard: w.PortGuard,
	}
	for _, way := range n.Config.Ways {
		plan.Own = append(plan.Own, way.To)
	}
	peer, err := netip.ParseAddr(n.Config.Peer.Address)
	if err != nil {
		return plan, fmt.Errorf("the peer's address %q: %w", n.Config.Peer.Address, err)
	}
	plan.Peer = peer.Unmap()
	for _, text := range n.Config.Allow {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return plan, fmt.Errorf("allow %q: %w", text, err)
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		plan.Allow = append(plan.Allow, prefix)
	}
	if w.Hold == machine.HoldNew {
		plan.Catch, plan.Silent = at.listening, plan.UDP
	} else if plan.Forward {
		plan.Splice, plan.Relay = at.listening, at.relaying
		plan.Headers = slices.Sorted(maps.Keys(n.Config.Headers()))
	}
	return plan, nil
}

// targetOf says where the holder connects its clients: to the peer by its address, or here to what they asked for.
func targetOf(n machine.Node, w machine.World) holder.Target {
	headers := n.Config.Headers()
	if w.Serves == machine.ToPeer {
		return func(port int, _ string) []holder.Place {
			at, header := headers[port]
			if !header {
				at = port
			}
			return []holder.Place{{Address: net.JoinHostPort(n.Config.Peer.Address, strconv.Itoa(at)), Header: header}}
		}
	}
	return func(port int, original string) []holder.Place {
		hosts := []string{original, "127.0.0.1", "::1"}
		if original == "" {
			hosts = hosts[1:]
		}
		places := []holder.Place{}
		// Where it has a port of its own for the header, the service here sees its clients, too.
		if at, header := headers[port]; header && at != port {
			for _, host := range hosts {
				places = append(places, holder.Place{Address: net.JoinHostPort(host, strconv.Itoa(at)), Header: true})
			}
		}
		for _, host := range hosts {
			places = append(places, holder.Place{Address: net.JoinHostPort(host, strconv.Itoa(port))})
		}
		return places
	}
}

// markHeld notes when holding began, so that a helper that was started anew knows the limit still.
func (d *Daemon) markHeld() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clock.HeldMs == 0 {
		d.clock.HeldMs = boot.NowMs()
		d.trouble.set("deadman.json", d.saveDeadlines())
	}
	return d.clock.HeldMs
}

func (d *Daemon) markReleased() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock.HeldMs = 0
	d.trouble.set("deadman.json", d.saveDeadlines())
}

// settleNow takes the lock for settle.
func (d *Daemon) settleNow(ctx context.Context) (settled, error) {
	d.effects.Lock()
	defer d.effects.Unlock()
	done, err := d.settle(ctx)
	d.trouble.set("rules", err)
	return done, err
}
