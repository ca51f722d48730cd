package rules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// IPTables keeps the rules where nftables cannot: three tables a family, each changed as a whole. Nothing of it vanishes
// with this program; whoever comes after it makes the rules anew.
type IPTables struct {
	mu     sync.Mutex
	plan   Plan
	made   bool
	digest string
	before int64 // connections counted by rules that were replaced since
}

var families = []struct {
	program string
	six     bool
}{{"iptables", false}, {"ip6tables", true}}

var tables = []string{"nat", "filter", "mangle"}

// NewIPTables answers nil when this node has no iptables with address translation.
func NewIPTables(ctx context.Context) *IPTables {
	for _, program := range []string{"iptables", "iptables-restore"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil
		}
	}
	if _, err := xtables(ctx, "iptables", "", "-w", "2", "-t", "nat", "-S", "PREROUTING"); err != nil {
		return nil
	}
	return &IPTables{}
}

func (x *IPTables) Name() string          { return "iptables" }
func (x *IPTables) Lost() <-chan struct{} { return nil }
func (x *IPTables) Leave()                {}

func (x *IPTables) Apply(ctx context.Context, plan Plan) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.made && fmt.Sprint(plan) == fmt.Sprint(x.plan) {
		if digest, err := x.readBack(ctx, plan); err == nil && digest == x.digest {
			return digest, nil
		}
	}
	if flows, err := x.flows(ctx); err == nil {
		x.before = flows
	}
	for i, family := range families {
		err := x.applyFamily(ctx, family.program, xchains(plan, family.six))
		if err == nil || i > 0 && !usable(ctx, family.program) {
			continue // a node without IPv6 translation has no such clients to lose
		}
		// Half a change is none: what was there before comes back, or nothing stays.
		back := Plan{Table: plan.Table, Peer: plan.Peer}
		if x.made {
			back = x.plan
		}
		return "", errors.Join(err, x.applyFamily(ctx, "iptables", xchains(back, false)), x.applyFamily(ctx, "ip6tables", xchains(back, true)))
	}
	digest, err := x.readBack(ctx, plan)
	if err != nil {
		return "", fmt.Errorf("the rules were made but could not be read back: %w", err)
	}
	x.plan, x.made, x.digest = plan, true, digest
	return digest, nil
}

// applyFamily changes the nat table first, then the others.
func (x *IPTables) applyFamily(ctx context.Context, program string, chains []xchain) error {
	if !usable(ctx, program) {
		return fmt.Errorf("%s has no address translation on this node", program)
	}
	for _, table := range tables {
		listed, err := xtables(ctx, program, "", "-w", "2", "-t", table, "-S")
		if err != nil {
			return err
		}
		text := batch(chains, table,
			func(c xchain, from string) (int, bool) { return readJumps(listed, from, c.name) },
			func(c xchain) bool { return strings.Contains(listed, "-N "+c.name+"\n") })
		if text == "" {
			continue
		}
		_, err = xtables(ctx, program+"-restore", text, "-w", "2", "--noflush")
		if err != nil && strings.Contains(err.Error(), "option") { // before 1.6.2 it could not wait
			_, err = xtables(ctx, program+"-restore", text, "--noflush")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func usable(ctx context.Context, program string) bool {
	if _, err := exec.LookPath(program); err != nil {
		return false
	}
	_, err := xtables(ctx, program, "", "-w", "2", "-t", "nat", "-S", "PREROUTING")
	return err == nil
}

func (x *IPTables) Intact(ctx context.Context) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.made {
		return true
	}
	digest, err := x.readBack(ctx, x.plan)
	return err == nil && digest == x.digest
}

// readBack lists our chains and the jumps to them.
func (x *IPTables) readBack(ctx context.Context, plan Plan) (string, error) {
	sum := sha256.New()
	for _, family := range families {
		if family.six && !usable(ctx, family.program) {
			continue
		}
		for _, table := range tables {
			listed, err := xtables(ctx, family.program, "", "-w", "2", "-t", table, "-S")
			if err != nil {
				return "", err
			}
			for _, c := range xchains(plan, family.six) {
				if c.table != table {
					continue
				}
				for _, line := range strings.Split(listed, "\n") {
					if strings.HasPrefix(line, "-A "+c.name+" ") {
						fmt.Fprintln(sum, line)
					}
				}
				for _, from := range c.from {
					count, first := readJumps(listed, from, c.name)
					if len(c.rules) > 0 && (count != 1 || !first) {
						return "", fmt.Errorf("%s does not come first in %s", c.name, from)
					}
					fmt.Fprintln(sum, from, count, first)
				}
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (x *IPTables) Flows(ctx context.Context) (Flows, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	count, err := x.flows(ctx)
	return Flows{Connections: count}, err
}

func (x *IPTables) flows(ctx context.Context) (int64, error) {
	total := x.before
	if !x.made || !x.plan.Forward {
		return total, nil
	}
	for _, family := range families {
		if listed, err := xtables(ctx, family.program, "", "-w", "2", "-t", "nat", "-nvxL", chainName(x.plan.Table)); err == nil {
			total += sumCounted(listed)
		}
	}
	return total, nil
}

func (x *IPTables) Remove(ctx context.Context, table string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.made = false
	var first error
	for i, family := range families {
		if i > 0 && !usable(ctx, family.program) {
			continue
		}
		if err := x.applyFamily(ctx, family.program, xchains(Plan{Table: table}, family.six)); err != nil && first == nil {
			first = err
		}
	}
	return first
}
