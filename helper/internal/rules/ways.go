package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Ways are what the node's own firewall must let through: the holder's ports, which no rule of its knows, and what is
// forwarded. A chain that accepts does not help there, as every other base chain may still drop; so each gets one rule
// at its head, known by its comment, for translated connections only.
type Ways struct {
	Comment string
	Here    []int // ports of the holder
	Relay   []int // and of the relay
	Peer    netip.Addr
	TCP     []int // forwarded
	UDP     []int
}

// Equal says whether both open the same; the order of ports is no difference.
func (w Ways) Equal(other Ways) bool {
	alike := func(a, b []int) bool {
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}
	return w.Comment == other.Comment && w.Peer == other.Peer && alike(w.Here, other.Here) && alike(w.Relay, other.Relay) &&
		alike(w.TCP, other.TCP) && alike(w.UDP, other.UDP)
}

// OpenWays brings the rules with this comment in line with what is wanted; an empty wish removes them all.
func OpenWays(ctx context.Context, w Ways) error {
	slices.Sort(w.Here)
	slices.Sort(w.Relay)
	return errors.Join(openNFT(ctx, w), openXtables(ctx, "iptables", w, false), openXtables(ctx, "ip6tables", w, true))
}

// chainOf is a base chain of somebody else.
type chainOf struct {
	Family, Table, Name, Hook, Policy string
	Ours                              []int // handles of rules that have our comment
	rules                             int
}

// openNFT serves chains that nft made. Those of iptables-nft are left to iptables, which does not understand a rule made
// by others in its tables.
func openNFT(ctx context.Context, w Ways) error {
	listed, err := nft(ctx, "", "-j", "list", "ruleset")
	if err != nil {
		return nil // no nftables here
	}
	chains, err := foreignChains([]byte(listed), w.Comment)
	if err != nil {
		return err
	}
	lines := []string{}
	for _, c := range chains {
		wanted := w.matches(c)
		if len(wanted) == len(c.Ours) && len(wanted) == 0 {
			continue
		}
		for _, handle := range c.Ours {
			lines = append(lines, fmt.Sprintf("delete rule %s %s %s handle %d", c.Family, c.Table, c.Name, handle))
		}
		for _, match := range wanted {
			lines = append(lines, fmt.Sprintf("insert rule %s %s %s %s accept comment \"%s\"", c.Family, c.Table, c.Name, match, w.Comment))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err = nft(ctx, strings.Join(lines, "\n")+"\n", "-f", "-")
	return err
}

// matches says what a chain has to accept; nothing where it could not refuse.
func (w Ways) matches(c chainOf) []string {
	list := []string{}
	if c.rules == 0 && c.Policy != "drop" {
		return list
	}
	if c.Hook == "input" && len(w.Here) > 0 {
		list = append(list, "ct status dnat tcp dport "+set(w.Here))
	}
	if c.Hook == "input" && len(w.Relay) > 0 {
		list = append(list, "ct status dnat udp dport "+set(w.Relay))
	}
	if c.Hook != "forward" || !w.Peer.IsValid() || c.Family == "ip" && w.Peer.Is6() || c.Family == "ip6" && w.Peer.Is4() {
		return list
	}
	family := familyOf(w.Peer)
	for protocol, ports := range map[string][]int{"tcp": w.TCP, "udp": w.UDP} {
		if len(ports) > 0 {
			list = append(list,
				fmt.Sprintf("ct status dnat %s daddr %s %s dport %s", family, w.Peer, protocol, set(ports)),
				fmt.Sprintf("ct status dnat %s saddr %s %s sport %s", family, w.Peer, protocol, set(ports)))
		}
	}
	return list
}

func foreignChains(listed []byte, comment string) ([]chainOf, error) {
	var ruleset struct {
		Nftables []struct {
			Chain *struct{ Family, Table, Name, Type, Hook, Policy string }
			Rule  *struct {
				Family, Table, Chain, Comment string
				Handle                        int
			}
		}
	}
	if err := json.Unmarshal(listed, &ruleset); err != nil {
		return nil, fmt.Errorf("nft's list of rules: %w", err)
	}
	chains := []chainOf{}
	for _, item := range ruleset.Nftables {
		c := item.Chain
		if c == nil || c.Type != "filter" || c.Hook != "input" && c.Hook != "forward" || strings.HasPrefix(c.Table, "lifeboat_") {
			continue
		}
		if c.Table == "filter" && (c.Family == "ip" || c.Family == "ip6") && c.Name == strings.ToUpper(c.Hook) {
			continue // of iptables
		}
		if c.Family == "inet" || c.Family == "ip" || c.Family == "ip6" {
			chains = append(chains, chainOf{Family: c.Family, Table: c.Table, Name: c.Name, Hook: c.Hook, Policy: c.Policy})
		}
	}
	for _, item := range ruleset.Nftables {
		r := item.Rule
		if r == nil {
			continue
		}
		for i, c := range chains {
			if c.Family == r.Family && c.Table == r.Table && c.Name == r.Chain {
				if r.Comment == comment {
					chains[i].Ours = append(c.Ours, r.Handle)
				} else {
					chains[i].rules++
				}
			}
		}
	}
	return chains, nil
}
