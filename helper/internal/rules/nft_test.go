package rules

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// alone runs a test in a network namespace of its own: programs that it starts see no rules but its own.
func alone(t *testing.T, tool string, test func(t *testing.T, ctx context.Context)) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and " + tool)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	runtime.LockOSThread() // never unlocked: the thread ends with its namespace
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	test(t, ctx)
}

func samplePlan() Plan {
	return Plan{Table: "lifeboat_web_1", Peer: netip.MustParseAddr("192.0.2.11"), TCP: []int{80, 443}, UDP: []int{53}, Anchor: true}
}

func list(t *testing.T, ctx context.Context) string {
	t.Helper()
	listed, err := nft(ctx, "", "list", "ruleset")
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

func apply(t *testing.T, ctx context.Context, r Rules, plan Plan) string {
	t.Helper()
	digest, err := r.Apply(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestHoldTableOutlivesFlushAndGoesWithItsOwner(t *testing.T) {
	alone(t, "nft", func(t *testing.T, ctx context.Context) {
		n := NewNFT(ctx)
		if n == nil || !n.owned {
			t.Skip("this kernel knows no table with an owner")
		}
		plan := samplePlan()
		plan.Catch = map[int]int{80: 40080, 443: 40443}
		first := apply(t, ctx, n, plan)
		if again := apply(t, ctx, n, plan); again != first {
			t.Errorf("the same plan has digests %s and %s", first, again)
		}
		if _, err := nft(ctx, "flush ruleset\n", "-f", "-"); err != nil {
			t.Fatal(err)
		}
		listed := list(t, ctx)
		if strings.Count(listed, "redirect to :") != 4 || strings.Contains(listed, "anchor") {
			t.Errorf("after the flush:\n%s", listed)
		}
		if n.Intact(ctx) {
			t.Error("what was flushed is not missed")
		}
		apply(t, ctx, n, plan)
		if !n.Intact(ctx) || !strings.Contains(list(t, ctx), "anchor") {
			t.Error("it was not mended")
		}
		n.session.process.Process.Kill()
		select {
		case <-n.Lost():
		case <-ctx.Done():
			t.Fatal("the loss was not told")
		}
		for end := time.Now().Add(5 * time.Second); strings.Contains(list(t, ctx), "redirect"); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("rules leaked from an owner that is gone")
			}
		}
		apply(t, ctx, n, plan)
		n.Leave()
		if strings.Contains(list(t, ctx), "redirect") {
			t.Error("rules leaked from an owner that left")
		}
	})
}

func TestRulesWithoutOwnerAreReplacedWhole(t *testing.T) {
	alone(t, "nft", func(t *testing.T, ctx context.Context) {
		n := NewNFT(ctx)
		if n == nil {
			t.Skip("nft cannot do it here")
		}
		n.owned = false
		plan := samplePlan()
		plan.Catch = map[int]int{80: 40080}
		apply(t, ctx, n, plan)
		plan.Catch, plan.Forward, plan.Splice = nil, true, map[int]int{80: 40080, 443: 40443}
		apply(t, ctx, n, plan)
		listed := list(t, ctx)
		if strings.Contains(listed, "lifeboat_web_1_hold {") || strings.Count(listed, "dnat ip to 192.0.2.11") != 4 || strings.Count(listed, "masquerade") != 2 {
			t.Errorf("forwarding:\n%s", listed)
		}
		before := list(t, ctx)
		if _, err := nft(ctx, "flush table inet lifeboat_web_1\nadd rule inet nowhere c accept\n", "-f", "-"); err == nil || list(t, ctx) != before {
			t.Error("a batch with a bad line changed something")
		}
		if err := n.Remove(ctx, plan.Table); err != nil || strings.Contains(list(t, ctx), "lifeboat") {
			t.Errorf("not all was removed: %v", err)
		}
	})
}

// tools are all that make rules; nil: it cannot be done here.
var tools = map[string]func(context.Context) Rules{
	"nft": func(ctx context.Context) Rules {
		if n := NewNFT(ctx); n != nil {
			return n
		}
		return nil
	},
	"iptables": func(ctx context.Context) Rules {
		if x := NewIPTables(ctx); x != nil {
			return x
		}
		return nil
	},
}

func TestEveryPlanIsTakenByTheKernel(t *testing.T) {
	plans := map[string]Plan{}
	base := samplePlan()
	add := func(name string, change func(*Plan)) {
		p := base
		change(&p)
		plans[name] = p
	}
	add("anchor", func(*Plan) {})
	add("nothing", func(p *Plan) { p.Anchor = false })
	add("hold", func(p *Plan) { p.Catch, p.Silent = map[int]int{80: 40080}, p.UDP })
	add("hold beside a database", func(p *Plan) { p.Catch, p.Own = map[int]int{80: 40080, 5432: 45432}, []int{5432} })
	add("datagrams", func(p *Plan) { p.TCP, p.Silent = nil, p.UDP })
	add("returning", func(p *Plan) { p.Silent, p.SilentTCP = p.UDP, p.TCP })
	add("checks", func(p *Plan) {
		p.Catch, p.PortGuard = map[int]int{80: 40080}, true
		p.Allow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	})
	add("forward", func(p *Plan) {
		p.Forward, p.Splice, p.Relay = true, map[int]int{80: 40080, 443: 40443}, map[int]int{53: 40053}
	})
	add("headers", func(p *Plan) { p.Forward, p.Splice, p.Headers = true, map[int]int{80: 40080, 443: 40443}, []int{443} })
	add("forward6", func(p *Plan) {
		p.Forward, p.Splice, p.Relay, p.Peer = true, map[int]int{80: 40080}, map[int]int{53: 40053}, netip.MustParseAddr("2001:db8::2")
	})
	add("reject", func(p *Plan) { p.Reject = true })
	for tool, open := range tools {
		alone(t, tool, func(t *testing.T, ctx context.Context) {
			r := open(ctx)
			if r == nil {
				t.Log(tool + " cannot do it here")
				return
			}
			for name, plan := range plans {
				apply(t, ctx, r, plan)
				if !r.Intact(ctx) {
					t.Errorf("%s, %s: not as applied", tool, name)
				}
				if _, err := r.Flows(ctx); err != nil {
					t.Errorf("%s, %s: %v", tool, name, err)
				}
			}
			if err := r.Remove(ctx, base.Table); err != nil {
				t.Errorf("%s: %v", tool, err)
			}
			r.Leave()
		})
	}
}

func TestPeerIsNeverCaughtAndOnlyBeginningsAre(t *testing.T) {
	plan := samplePlan()
	plan.Catch = map[int]int{80: 40080}
	hold := holdLines("h", plan)
	plan.Catch, plan.Forward, plan.Splice = nil, true, map[int]int{80: 40080}
	for _, lines := range [][]string{hold, mainLines("m", plan), xrules(plan)} {
		caught := false
		for _, line := range lines {
			acts := strings.Contains(line, "redirect") || strings.Contains(line, "dnat ip to") || strings.Contains(line, "REDIRECT") || strings.Contains(line, "DNAT --to")
			if strings.Contains(line, "192.0.2.11") && strings.HasSuffix(strings.ToLower(line), "return") && !caught {
				caught = true
			}
			if acts && !strings.Contains(line, " output ") && !caught {
				t.Errorf("before the peer is let past: %s", line)
			}
			if acts && strings.Contains(line, "tcp") && !strings.Contains(line, begins) && !strings.Contains(line, "--tcp-flags FIN,SYN,RST,ACK SYN") {
				t.Errorf("not only beginnings: %s", line)
			}
		}
	}
}

// What a mover says to a held database must reach that, not the holder, and after the switch not the other side's.
func TestRootReachesItsOwnDatabaseInAHold(t *testing.T) {
	for tool, open := range tools {
		alone(t, tool, func(t *testing.T, ctx context.Context) { reachesItsOwn(t, ctx, tool, open(ctx)) })
	}
}

func reachesItsOwn(t *testing.T, ctx context.Context, tool string, r Rules) {
	if r == nil {
		t.Log(tool + " cannot do it here")
		return
	}
	if told, err := exec.CommandContext(ctx, "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatal(err, string(told))
	}
	answering(t, "127.0.0.1:5432", "database")
	answering(t, "127.0.0.1:45432", "holder")
	plan := samplePlan()
	plan.Catch, plan.Own = map[int]int{5432: 45432}, []int{5432}
	apply(t, ctx, r, plan)
	asked := func(uid uint32) string {
		command := exec.CommandContext(ctx, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5432 && cat <&3")
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		told, err := command.CombinedOutput()
		if err != nil {
			t.Fatal(err, string(told))
		}
		return string(told)
	}
	if root, other := asked(0), asked(65534); root != "database" || other != "holder" {
		t.Errorf("%s: root reached the %s, another user the %s", tool, root, other)
	}
	plan.Catch, plan.TCP, plan.Reject = nil, []int{5432}, true
	apply(t, ctx, r, plan)
	if told := asked(0); told != "database" {
		t.Errorf("%s: where everybody is refused root reached the %s", tool, told)
	}
	r.Leave()
}

func answering(t *testing.T, address, text string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, text)
			conn.Close()
		}
	}()
}

func xrules(p Plan) []string {
	lines := []string{}
	for _, c := range xchains(p, false) {
		lines = append(lines, c.rules...)
	}
	return lines
}

// Whoever runs the move may share an address with clients: in a hold nobody passes but the peer.
func TestNobodyButThePeerPassesAHold(t *testing.T) {
	p := samplePlan()
	p.Catch, p.PortGuard = map[int]int{80: 40080}, true
	p.Allow = []netip.Prefix{netip.MustParsePrefix("198.51.100.77/32")}
	for _, line := range holdLines("lifeboat_web_1_hold", p) {
		if strings.HasSuffix(line, "return") && !strings.Contains(line, "saddr "+p.Peer.String()) {
			t.Errorf("passes the hold: %s", line)
		}
	}
	for _, chain := range xchains(p, p.Peer.Is6()) {
		for _, rule := range chain.rules {
			if chain.table == "nat" && strings.Contains(rule, "198.51.100.77") {
				t.Errorf("passes the hold: %s", rule)
			}
		}
	}
}
