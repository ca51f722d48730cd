package daemon

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"lifeboat/helper/internal/boot"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/rules"
)

// traffic remembers when the last new connection was forwarded.
type traffic struct {
	mu     sync.Mutex
	on     bool
	flows  rules.Flows
	lastMs int64
}

// forwards counts the quiet anew when forwarding begins: what was not forwarded before could not be heard.
func (t *traffic) forwards(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if on && !t.on {
		t.lastMs = boot.NowMs()
	}
	t.on = on
}

func (d *Daemon) forward(ctx context.Context, r request) (answer, error) {
	if err := d.step(machine.Forward{Call: d.call(r)}); err != nil {
		return nil, err
	}
	done, err := d.settleNow(ctx)
	return answer{"hash": done.hash}, err
}

func (d *Daemon) stopForwarding(ctx context.Context, r request) (answer, error) {
	told, err := d.forwardStatus(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := d.step(machine.StopForwarding{Call: d.call(r)}); err != nil {
		return nil, err
	}
	_, err = d.settleNow(ctx)
	return answer{"flows": told["flows"], "quietMs": told["quietMs"]}, err
}

func (d *Daemon) forwardStatus(ctx context.Context, _ request) (answer, error) {
	d.noteTraffic(ctx)
	d.traffic.mu.Lock()
	defer d.traffic.mu.Unlock()
	return answer{
		"forwarding": d.now().Forwarding == machine.ForwardOn, "flows": d.traffic.flows.Connections,
		"packets": d.traffic.flows.Packets, "quietMs": boot.NowMs() - d.traffic.lastMs,
	}, nil
}

// noteTraffic reads the counters. What came before this program ran is taken to have come just before it did.
func (d *Daemon) noteTraffic(ctx context.Context) {
	if d.rules == nil {
		return
	}
	flows, err := d.rules.Flows(ctx)
	if err != nil {
		return
	}
	d.traffic.mu.Lock()
	defer d.traffic.mu.Unlock()
	if d.traffic.lastMs == 0 || flows.Connections != d.traffic.flows.Connections {
		d.traffic.lastMs = boot.NowMs()
	}
	d.traffic.flows = flows
}

// echo answers on the ports of the move before anything serves there, to try the way to it.
type echo struct {
	mu        sync.Mutex
	listeners []net.Listener
	round     int
}

func (d *Daemon) greet(_ context.Context, r request) (answer, error) {
	var f struct {
		Ports []int
		ForMs int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	n := d.now()
	if n.Role != machine.Closed || n.Phase() == machine.PhasePromoted {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: "this side serves, it does not greet in the place of its services"}
	}
	if f.ForMs < 1 || f.ForMs > 600_000 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: fmt.Sprintf("greeting for %d ms: at most 600000", f.ForMs)}
	}
	d.echo.end()
	d.echo.mu.Lock()
	defer d.echo.mu.Unlock()
	d.echo.round++
	round := d.echo.round
	listening := []int{}
	for _, port := range f.Ports {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			continue // something answers there already, which tries the way as well
		}
		listening = append(listening, port)
		d.echo.listeners = append(d.echo.listeners, l)
		go serveGreeting(l, d.paths.KeyComment())
	}
	time.AfterFunc(time.Duration(f.ForMs)*time.Millisecond, func() { d.echo.endRound(round) })
	return answer{"listening": listening}, nil
}

func serveGreeting(l net.Listener, text string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintln(conn, text)
		conn.Close()
	}
}

func (e *echo) end() { e.endRound(0) }

// endRound ends the greeting that was begun as that round, or any with 0.
func (e *echo) endRound(round int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if round != 0 && round != e.round {
		return
	}
	for _, l := range e.listeners {
		l.Close()
	}
	e.listeners = nil
}
