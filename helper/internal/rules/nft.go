package rules

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// NFT keeps the rules with nftables: what holds clients in a table that the kernel removes when this program goes, as
// nobody would answer them then; what forwards or guards in a table that stays.
type NFT struct {
	mu      sync.Mutex
	owned   bool // the kernel knows tables with an owner (5.12)
	session *session
	lost    chan struct{}
	script  string
	digest  string
	tables  []string
	before  Flows // counted by rules that were replaced since
}

// NewNFT answers nil when this node has no nftables that can do what is needed.
func NewNFT(ctx context.Context) *NFT {
	if _, err := exec.LookPath("nft"); err != nil {
		return nil
	}
	// A NAT chain for both families needs Linux 5.2, and is refused before.
	const trial = "add table inet lifeboat_trial; add chain inet lifeboat_trial c { type nat hook prerouting priority -110; }; add rule inet lifeboat_trial c fib daddr type local tcp flags & (fin|syn|rst|ack) == syn redirect to :9"
	if _, err := nft(ctx, trial, "-c", "-f", "-"); err != nil {
		return nil
	}
	const owned = "add table inet lifeboat_trial { flags owner; }"
	_, err := nft(ctx, owned, "-c", "-f", "-")
	return &NFT{owned: err == nil, lost: make(chan struct{}, 1)}
}

func (n *NFT) Name() string          { return "nft" }
func (n *NFT) Lost() <-chan struct{} { return n.lost }

func (n *NFT) Apply(ctx context.Context, plan Plan) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	main, hold := plan.Table, plan.Table+"_hold"
	holdRules := holdLines(hold, plan)
	flags := ""
	if n.owned {
		flags = " { flags owner; }"
	}
	s := &script{}
	s.replace(main, "", mainLines(main, plan))
	if len(holdRules) > 0 || n.session != nil || !n.owned {
		s.replace(hold, flags, holdRules)
	}
	tables := []string{}
	if len(mainLines(main, plan)) > 0 {
		tables = append(tables, main)
	}
	if len(holdRules) > 0 {
		tables = append(tables, hold)
	}
	text := strings.Join(s.lines, "; ")
	if text == n.script && n.standsAs(ctx, n.digest) {
		return n.digest, nil
	}
	if flows, err := n.flows(ctx); err == nil {
		n.before = flows
	}
	if err := n.send(ctx, text, len(holdRules) > 0); err != nil {
		return "", err
	}
	n.tables, n.script = tables, text
	digest, err := n.readBack(ctx, tables)
	if err != nil {
		return "", fmt.Errorf("the rules were made but could not be read back: %w", err)
	}
	n.digest = digest
	return digest, nil
}

func (n *NFT) Remove(ctx context.Context, table string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != nil {
		n.session.end()
		n.session = nil
	}
	n.script, n.tables = "", nil
	_, err := nft(ctx, fmt.Sprintf("add table inet %s; delete table inet %s\n", table, table), "-f", "-")
	return err
}

func (n *NFT) Leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != nil {
		n.session.end()
		<-n.session.gone
		n.session = nil
	}
}

// send gives one transaction to the kernel, through the session that owns the holding table if there is or must be one.
func (n *NFT) send(ctx context.Context, text string, holds bool) error {
	if !n.owned || (n.session == nil && !holds) {
		_, err := nft(ctx, text+"\n", "-f", "-")
		return err
	}
	for try := 0; ; try++ {
		if n.session == nil || n.session.ended() {
			var err error
			if n.session, err = startSession(n.lost); err != nil {
				return err
			}
		}
		err := n.session.run(text)
		if err == nil {
			break
		}
		// The session of a helper that was killed a moment ago still owns its table until it has noticed.
		if try < 50 && (strings.Contains(err.Error(), "not permitted") || n.session.ended()) && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		return err
	}
	if !holds {
		n.session.end()
		n.session = nil
	}
	return nil
}

func (n *NFT) Intact(ctx context.Context) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.script == "" || n.standsAs(ctx, n.digest)
}

func (n *NFT) standsAs(ctx context.Context, digest string) bool {
	if n.session != nil && n.session.ended() {
		return false
	}
	now, err := n.readBack(ctx, n.tables)
	return err == nil && now == digest
}

// readBack lists the tables without counters: what is left changes only when a rule does.
func (n *NFT) readBack(ctx context.Context, tables []string) (string, error) {
	// Side by side, as clients wait for it. (One nft that is to list two tables finds only the last of them.)
	answers := make([]func() (string, error), len(tables))
	for i, table := range tables {
		answers[i] = startNFT(ctx, "", "-s", "list", "table", "inet", table)
	}
	listed, first := "", error(nil)
	for _, answer := range answers {
		text, err := answer()
		listed += text
		first = cmp.Or(first, err)
	}
	if first != nil {
		return "", first
	}
	sum := sha256.Sum256([]byte(listed))
	return hex.EncodeToString(sum[:]), nil
}

func (n *NFT) Flows(ctx context.Context) (Flows, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.flows(ctx)
}

// counting is what a script has in it whose rules count.
const counting = `comment "flows"`

var counted = regexp.MustCompile(`counter packets (\d+) bytes \d+ .*comment "(flows|packets)"`)

func (n *NFT) flows(ctx context.Context) (Flows, error) {
	flows := n.before
	if !strings.Contains(n.script, counting) {
		return flows, nil
	}
	listed, err := nft(ctx, "", "list", "table", "inet", n.tables[0])
	if err != nil {
		return flows, err
	}
	for _, line := range counted.FindAllStringSubmatch(listed, -1) {
		count, _ := strconv.ParseInt(line[1], 10, 64)
		if line[2] == "flows" {
			flows.Connections += count
		} else {
			flows.Packets += count
		}
	}
	return flows, nil
}

func nft(ctx context.Context, input string, args ...string) (string, error) {
	return startNFT(ctx, input, args...)()
}

// startNFT answers how to wait for what it says.
func startNFT(ctx context.Context, input string, args ...string) func() (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	command := exec.CommandContext(ctx, "nft", args...)
	command.Stdin = strings.NewReader(input)
	out, complaint := &bytes.Buffer{}, &bytes.Buffer{}
	command.Stdout, command.Stderr = out, complaint
	err := command.Start()
	return func() (string, error) {
		defer cancel()
		if err == nil {
			err = command.Wait()
		}
		if err != nil {
			return "", fmt.Errorf("nft: %s", cmp.Or(strings.TrimSpace(complaint.String()), err.Error()))
		}
		return out.String(), nil
	}
}
