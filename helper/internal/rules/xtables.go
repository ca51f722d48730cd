package rules

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// xtables runs iptables or one of its relatives; it waits for others who change rules at the same time.
func xtables(ctx context.Context, program, input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Stdin = strings.NewReader(input)
	out, err := command.Output()
	if err != nil {
		words := err.Error()
		if exit, ok := err.(*exec.ExitError); ok && len(exit.Stderr) > 0 {
			words = strings.TrimSpace(string(exit.Stderr))
		}
		return "", fmt.Errorf("%s: %s", program, words)
	}
	return string(out), nil
}

// openXtables is OpenWays for the filter table of iptables, whichever kernel part is behind it.
func openXtables(ctx context.Context, program string, w Ways, six bool) error {
	if _, err := exec.LookPath(program); err != nil {
		return nil
	}
	for _, chain := range []string{"INPUT", "FORWARD"} {
		listed, err := xtables(ctx, program, "", "-w", "2", "-S", chain)
		if err != nil {
			return nil // the kernel has no such table, or no such family
		}
		ours, refuses := readChain(listed, chain, w.Comment)
		wanted := [][]string{}
		if refuses {
			wanted = w.specs(chain, six)
		}
		if len(ours) == 0 && len(wanted) == 0 {
			continue
		}
		for _, spec := range wanted { // first in, then out: no packet in between is refused
			if _, err := xtables(ctx, program, "", slices.Concat([]string{"-w", "2", "-I", chain, "1"}, spec)...); err != nil {
				return err
			}
		}
		for _, spec := range ours {
			if _, err := xtables(ctx, program, "", slices.Concat([]string{"-w", "2", "-D", chain}, spec)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// readChain finds our rules in what -S prints, and whether the chain could refuse anything.
func readChain(listed, chain, comment string) (ours [][]string, refuses bool) {
	for _, line := range strings.Split(listed, "\n") {
		switch {
		case strings.Contains(line, `--comment "`+comment+`"`):
			spec := strings.Replace(strings.TrimPrefix(line, "-A "+chain+" "), `"`+comment+`"`, "\x00", 1)
			words := strings.Fields(spec)
			ours = append(ours, replaceWord(words, "\x00", comment))
		case strings.HasPrefix(line, "-A "):
			refuses = true
		case strings.HasPrefix(line, "-P ") && !strings.HasSuffix(line, " ACCEPT"):
			refuses = true
		}
	}
	return ours, refuses
}

func replaceWord(words []string, old, with string) []string {
	for i, word := range words {
		if word == old {
			words[i] = with
		}
	}
	return words
}

func (w Ways) specs(chain string, six bool) [][]string {
	list := [][]string{}
	end := []string{"-m", "conntrack", "--ctstate", "DNAT", "-m", "comment", "--comment", w.Comment, "-j", "ACCEPT"}
	if chain == "INPUT" {
		for _, port := range w.Here {
			list = append(list, slices.Concat([]string{"-p", "tcp", "--dport", strconv.Itoa(port)}, end))
		}
		for _, port := range w.Relay {
			list = append(list, slices.Concat([]string{"-p", "udp", "--dport", strconv.Itoa(port)}, end))
		}
		return list
	}
	if !w.Peer.IsValid() || w.Peer.Is6() != six {
		return list
	}
	for _, one := range []struct {
		protocol string
		ports    []int
	}{{"tcp", w.TCP}, {"udp", w.UDP}} {
		for _, port := range one.ports {
			list = append(list,
				slices.Concat([]string{"-d", w.Peer.String(), "-p", one.protocol, "--dport", strconv.Itoa(port)}, end),
				slices.Concat([]string{"-s", w.Peer.String(), "-p", one.protocol, "--sport", strconv.Itoa(port)}, end))
		}
	}
	return list
}
