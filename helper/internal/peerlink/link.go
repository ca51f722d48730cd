// Package peerlink speaks to the helper of the other side over ssh, with a key that may do nothing else there.
package peerlink

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"
)

type Link struct {
	paths paths.Paths
	// Questions have a connection of their own: an answer must not wait behind the bytes of a copy.
	questions, copies warm
}

func New(p paths.Paths) *Link {
	return &Link{
		paths:     p,
		questions: warm{socket: p.PeerMux(), idle: 30 * time.Second, end: "exit"},
		copies:    warm{socket: p.CopyMux(), idle: time.Minute, end: "stop", options: []string{"-o", "ServerAliveInterval=15"}},
	}
}

// Answer is what the other helper said, as it said it.
type Answer map[string]any

// EnsureKey makes the key pair of the run if there is none, and answers the public half.
func (l *Link) EnsureKey(ctx context.Context) (string, error) {
	if !durable.Exists(l.paths.Key()) || !durable.Exists(l.paths.Key()+".pub") {
		os.Remove(l.paths.Key())
		out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", l.paths.KeyComment(), "-f", l.paths.Key()).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("ssh-keygen: %s", strings.TrimSpace(string(out)))
		}
	}
	public, err := os.ReadFile(l.paths.Key() + ".pub")
	return strings.TrimSpace(string(public)), err
}

// Trust writes down the host keys that the other side must show.
func (l *Link) Trust(peer machine.Peer) error {
	lines := []string{}
	name := peer.Address
	if peer.Port != 22 {
		name = "[" + peer.Address + "]:" + strconv.Itoa(peer.Port)
	}
	for _, key := range peer.HostKeys {
		fields := strings.Fields(key)
		if len(fields) < 2 {
			return fmt.Errorf("%q is not a host key", key)
		}
		lines = append(lines, name+" "+fields[0]+" "+fields[1])
	}
	return durable.Write(l.paths.KnownHosts(), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// Options are what every ssh to the peer needs, a bulk copy of a mover too.
func Options(p paths.Paths, peer machine.Peer) []string {
	options := []string{
		"-i", p.Key(), "-p", strconv.Itoa(peer.Port), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=3",
		"-o", "UserKnownHostsFile=" + p.KnownHosts(), "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes",
		"-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", "-o", "LogLevel=ERROR", "-F", "/dev/null",
	}
	if peer.Relayed {
		options = append(options, "-o", "ProxyCommand="+p.Program()+" relay --move "+p.Move)
	}
	return options
}

// Ask puts one question: hello, verdict N or void N. The connection stays warm for the next one.
func (l *Link) Ask(ctx context.Context, peer machine.Peer, question string) (Answer, error) {
	l.questions.mu.Lock()
	defer l.questions.mu.Unlock()
	// A question that may rightly take long must not find out that the connection is dead.
	l.answers(ctx, &l.questions, peer)
	answer, err := l.ask(ctx, &l.questions, peer, question)
	if err != nil {
		l.drop(&l.questions, peer)
	}
	return answer, err
}

// ask puts a question over a connection that is kept warm, and makes that where there is none.
func (l *Link) ask(ctx context.Context, over *warm, peer machine.Peer, question string) (Answer, error) {
	// ssh takes the first of two values for one option.
	args := slices.Concat(over.options, Options(l.paths, peer), over.master(), []string{peer.User + "@" + peer.Address, question})
	command := exec.CommandContext(ctx, "ssh", args...)
	command.WaitDelay = time.Second
	// A file, not a pipe: the connection that stays warm would keep a pipe open, and us waiting for its end.
	told, err := os.CreateTemp(l.paths.Runtime(), "ssh-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(told.Name())
	defer told.Close()
	command.Stderr = told
	out, err := command.Output()
	line := lastLine(out)
	if line == "" {
		said, _ := os.ReadFile(told.Name())
		words := lastLine(said)
		if words == "" && err != nil {
			words = err.Error()
		}
		if ctx.Err() != nil {
			words = "no answer in time"
		}
		return nil, fmt.Errorf("the peer %s does not answer: %s", net.JoinHostPort(peer.Address, strconv.Itoa(peer.Port)), words)
	}
	answer := Answer{}
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		return nil, fmt.Errorf("the peer answered %.80q", line)
	}
	if answer["ok"] != true {
		return answer, fmt.Errorf("the peer refused: %v", answer["text"])
	}
	return answer, nil
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
