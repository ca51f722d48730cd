package rules

import (
	"context"
	"net/netip"
	"strings"
	"testing"
)

const firewall = `table inet fw {
 chain in { type filter hook input priority 0; policy drop; tcp dport 22 accept; }
 chain through { type filter hook forward priority 0; policy drop; }
 chain free { type filter hook input priority 10; policy accept; }
}
`

func TestWaysThroughTheNodesFirewall(t *testing.T) {
	alone(t, "nft", func(t *testing.T, ctx context.Context) {
		if _, err := nft(ctx, firewall, "-f", "-"); err != nil {
			t.Skip(err)
		}
		before := list(t, ctx)
		ways := Ways{Comment: "lifeboat web-1", Here: []int{40080}, Peer: netip.MustParseAddr("192.0.2.11"), TCP: []int{80}}
		for range 2 {
			if err := OpenWays(ctx, ways); err != nil {
				t.Fatal(err)
			}
			listed := list(t, ctx)
			if strings.Count(listed, `comment "lifeboat web-1"`) != 3 || !strings.Contains(listed, "tcp dport 40080 accept") {
				t.Fatalf("not three ways:\n%s", listed)
			}
		}
		if err := OpenWays(ctx, Ways{Comment: "lifeboat web-1"}); err != nil {
			t.Fatal(err)
		}
		if after := list(t, ctx); after != before {
			t.Fatalf("the firewall is not as it was:\n%s", after)
		}
	})
}

func TestWaysThroughIPTables(t *testing.T) {
	alone(t, "iptables", func(t *testing.T, ctx context.Context) {
		if _, err := xtables(ctx, "iptables", "", "-P", "INPUT", "DROP"); err != nil {
			t.Skip(err)
		}
		save := func() string {
			listed, err := xtables(ctx, "iptables", "", "-S")
			if err != nil {
				t.Fatal(err)
			}
			return listed
		}
		before := save()
		ways := Ways{Comment: "lifeboat web-1", Here: []int{40080, 40443}, Peer: netip.MustParseAddr("192.0.2.11"), TCP: []int{80}}
		for range 2 {
			if err := OpenWays(ctx, ways); err != nil {
				t.Fatal(err)
			}
			if listed := save(); strings.Count(listed, "lifeboat web-1") != 2 {
				t.Fatalf("not two ways:\n%s", listed)
			}
		}
		if err := OpenWays(ctx, Ways{Comment: "lifeboat web-1"}); err != nil || save() != before {
			t.Fatalf("the firewall is not as it was (%v):\n%s", err, save())
		}
	})
}

func TestJumpsAreCounted(t *testing.T) {
	const listed = "-P PREROUTING ACCEPT\n-A PREROUTING -j LIFEBOAT_x\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A OUTPUT -j DOCKER\n-A OUTPUT -j LIFEBOAT_x\n"
	if count, first := readJumps(listed, "PREROUTING", "LIFEBOAT_x"); count != 1 || !first {
		t.Error(count, first)
	}
	if count, first := readJumps(listed, "OUTPUT", "LIFEBOAT_x"); count != 1 || first {
		t.Error(count, first)
	}
	if name := chainName("lifeboat_a_move_with_a_very_long_name"); len(name) > 26 {
		t.Errorf("%s is too long for a chain", name)
	}
}

func TestWaysThatOpenTheSameAreEqual(t *testing.T) {
	peer := netip.MustParseAddr("192.0.2.11")
	ways := Ways{Comment: "lifeboat web-1", Here: []int{2, 1}, Peer: peer, TCP: []int{80, 443}, UDP: []int{}}
	if same := (Ways{Comment: "lifeboat web-1", Here: []int{1, 2}, Relay: []int{}, Peer: peer, TCP: []int{443, 80}}); !ways.Equal(same) {
		t.Error("neither order nor an empty list is a difference")
	}
	for name, other := range map[string]Ways{
		"comment": {Comment: "lifeboat web-2", Here: ways.Here, Peer: peer, TCP: ways.TCP},
		"here":    {Comment: ways.Comment, Here: []int{1}, Peer: peer, TCP: ways.TCP},
		"relay":   {Comment: ways.Comment, Here: ways.Here, Relay: []int{3}, Peer: peer, TCP: ways.TCP},
		"peer":    {Comment: ways.Comment, Here: ways.Here, TCP: ways.TCP},
		"tcp":     {Comment: ways.Comment, Here: ways.Here, Peer: peer},
		"udp":     {Comment: ways.Comment, Here: ways.Here, Peer: peer, TCP: ways.TCP, UDP: []int{53}},
	} {
		if ways.Equal(other) {
			t.Errorf("%s is a difference", name)
		}
	}
	if ways.Here[0] != 2 {
		t.Error("a comparison changes nothing")
	}
}
