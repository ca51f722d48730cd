package daemon

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/peerlink"
)

const (
	// asksFor bounds how long a side that served before a boot waits for one that says nothing, and may be dead.
	asksFor   = 10 * time.Second
	asksAgain = 200 * time.Millisecond
)

// watchNetwork: who is cut off may be succeeded meanwhile, like one that is down. Nobody is served there now, so nothing is
// lost by asking before somebody is.
func (d *Daemon) watchNetwork(ctx context.Context) {
	if n := d.now(); hasNetwork() || n.Attempt != nil || !mayBeSucceeded(n) || !d.returning.CompareAndSwap(false, true) {
		return
	}
	d.trouble.set("returning", durable.Mark(d.paths.Returning(), true))
	d.settleNow(ctx)
	go d.askOnReturn(ctx)
}

// mayBeSucceeded: who took over itself, or was opened without the word of the other one, is succeeded by nobody that it does not know.
func mayBeSucceeded(n machine.Node) bool {
	return n.Config != nil && n.Role == machine.Open && n.Succeeding == 0 && n.Overruling == 0
}

// mustAsk says that this side served when it went down, and that nobody has said yet whether the other one took over: until
// then nothing reaches its ports, of connections that stand neither: the other side may lead its own clients here still. The mark lasts for a boot at most; a program that begins anew goes on asking.
func (d *Daemon) mustAsk(isFirstOfBoot bool) bool {
	if _, err := os.Stat(d.paths.Returning()); err == nil {
		return true
	}
	if !isFirstOfBoot || !mayBeSucceeded(d.node) {
		return false
	}
	return durable.Mark(d.paths.Returning(), true) == nil
}

// askOnReturn ends that. Whom we do not reach has no way to us, mostly: the time counts only with one.
func (d *Daemon) askOnReturn(ctx context.Context) {
	if !d.returning.Load() {
		return
	}
	peer := d.now().Config.Peer
	d.journal.Note("returning", nil)
	heard := false
	for left := asksFor; left > 0 && ctx.Err() == nil; {
		begin := time.Now()
		if heard = d.hasHeard(ctx, peer, left); heard {
			break
		}
		rest(ctx, asksAgain)
		if reaches(peer) {
			left -= time.Since(begin)
		}
	}
	if ctx.Err() != nil {
		return
	}
	d.journal.Note("returned", map[string]any{"heard": heard})
	d.returning.Store(false)
	d.trouble.set("returning", durable.Mark(d.paths.Returning(), false))
	d.settleNow(ctx)
}

// hasHeard asks once. A side that was succeeded gives way at once; the other one says so itself every 2 s, too.
func (d *Daemon) hasHeard(ctx context.Context, peer machine.Peer, within time.Duration) bool {
	if !reaches(peer) {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	hello, err := d.peer.Ask(limited, peer, "hello")
	if err != nil {
		return false
	}
	if attempt := succeededBy(hello); attempt > 0 {
		_, err := d.giveWay(ctx, attempt)
		d.journal.Note("asked-at-boot", map[string]any{"attempt": attempt, "refused": err != nil})
		d.trouble.set("succeeded", err)
	}
	return true
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

// reaches says that there is a route, and a card that has a carrier: one that was taken out of a machine keeps its routes.
func reaches(peer machine.Peer) bool {
	if !hasNetwork() {
		return false
	}
	conn, err := net.Dial("udp", net.JoinHostPort(peer.Address, strconv.Itoa(peer.Port)))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func hasNetwork() bool {
	cards, _ := net.Interfaces()
	for _, card := range cards {
		if card.Flags&net.FlagLoopback == 0 && card.Flags&net.FlagRunning != 0 {
			return true
		}
	}
	return false
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
