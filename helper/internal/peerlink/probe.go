package peerlink

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"lifeboat/helper/internal/machine"
)

const (
	pings = 5
	// loadFor is how long a probe sends at most; loadBytes, how much on one connection.
	loadFor   = time.Second
	loadBytes = 64 << 20
	// startFor is the beginning that does not count: TCP still finds out how fast the way is.
	startFor = 250 * time.Millisecond
	// farMs is the round trip from which one connection cannot fill a fast link: OpenSSH has 2 MiB on the way at most.
	farMs           = 5
	farConnections  = 4
	probeGivenUpFor = 10 * time.Second
)

// Measured is what a way can do: all connections together.
type Measured struct {
	RTTMs          float64
	BytesPerSecond float64
	Connections    int
}

// Probe measures the way to the peer over the same ssh that a copy uses, for about a second.
func (l *Link) Probe(ctx context.Context, peer machine.Peer, cipher string) (Measured, error) {
	first, err := l.probing(ctx, peer, cipher)
	if err != nil {
		return Measured{}, err
	}
	all := []*prober{first}
	defer func() {
		for _, p := range all {
			p.end()
		}
	}()
	rtt, err := first.roundTrip()
	if err != nil {
		return Measured{}, err
	}
	if rtt > farMs*time.Millisecond {
		more, err := l.probingMore(ctx, peer, cipher)
		if err != nil {
			return Measured{}, err
		}
		all = append(all, more...)
	}
	rates := make(chan float64, len(all))
	for _, p := range all {
		go func() { rates <- p.load() }()
	}
	measured := Measured{RTTMs: float64(rtt.Microseconds()) / 1000, Connections: len(all)}
	for range all {
		measured.BytesPerSecond += <-rates
	}
	return measured, nil
}

// probingMore opens the other connections at once, and returns when all are warm.
func (l *Link) probingMore(ctx context.Context, peer machine.Peer, cipher string) ([]*prober, error) {
	var group sync.WaitGroup
	opened, failed := make([]*prober, farConnections-1), make([]error, farConnections-1)
	for i := range opened {
		group.Add(1)
		go func() {
			defer group.Done()
			if opened[i], failed[i] = l.probing(ctx, peer, cipher); failed[i] == nil {
				_, failed[i] = opened[i].roundTrip()
			}
		}()
	}
	group.Wait()
	for _, err := range failed {
		if err == nil {
			continue
		}
		for _, p := range opened {
			if p != nil {
				p.end()
			}
		}
		return nil, err
	}
	return opened, nil
}

type prober struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func (l *Link) probing(ctx context.Context, peer machine.Peer, cipher string) (*prober, error) {
	args := append(Options(l.paths, peer), "-o", "ControlMaster=no", "-o", "ControlPath=none")
	if cipher != "" {
		args = append(args, "-c", cipher)
	}
	command := exec.CommandContext(ctx, "ssh", append(args, peer.User+"@"+peer.Address, "probe")...)
	command.WaitDelay = time.Second
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &prober{command, in, bufio.NewReader(out)}, command.Start()
}

// roundTrip is the shortest of several; the first one only waits until the connection stands.
func (p *prober) roundTrip() (time.Duration, error) {
	best := time.Hour
	for i := range pings + 1 {
		began := time.Now()
		if _, err := p.in.Write([]byte{'p'}); err != nil {
			return 0, fmt.Errorf("the peer does not let itself be probed: %w", err)
		}
		if _, err := p.out.ReadByte(); err != nil {
			return 0, fmt.Errorf("the peer does not answer a probe: %w", err)
		}
		if i > 0 {
			best = min(best, time.Since(began))
		}
	}
	return best, nil
}

// load sends zeros, and answers at how many bytes a second they arrived; 0 where nobody says.
func (p *prober) load() float64 {
	block := make([]byte, 64<<10)
	p.in.Write([]byte{'d'})
	for began, sent := time.Now(), 0; time.Since(began) < loadFor && sent < loadBytes; sent += len(block) {
		if _, err := p.in.Write(block); err != nil {
			break
		}
	}
	p.in.Close()
	line, _ := p.out.ReadString('\n')
	rate, _ := strconv.ParseFloat(strings.TrimSpace(line), 64)
	return rate
}

func (p *prober) end() {
	p.in.Close()
	p.command.Process.Kill()
	p.command.Wait()
}

// AnswerProbe is the other end: it echoes while it is pinged, then counts what comes and tells its rate, bytes a second.
func AnswerProbe(input io.ReadCloser, output io.Writer) error {
	defer time.AfterFunc(probeGivenUpFor, func() { input.Close() }).Stop()
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(input, one); err != nil {
			return err
		}
		if one[0] == 'd' {
			break
		}
		if _, err := output.Write(one); err != nil {
			return err
		}
	}
	began, block := time.Now(), make([]byte, 256<<10)
	total, counted, since := 0, 0, time.Now()
	for {
		n, err := input.Read(block)
		total += n
		counted += n
		if since.Equal(began) || time.Since(began) < startFor {
			since, counted = time.Now(), 0
		}
		if err != nil || total > 2*loadBytes {
			break
		}
	}
	_, err := fmt.Fprintf(output, "%.0f\n", rate(total, time.Since(began), counted, time.Since(since)))
	return err
}

// rate leaves the beginning out where enough came after it.
func rate(total int, took time.Duration, counted int, since time.Duration) float64 {
	if since > 100*time.Millisecond {
		return float64(counted) / since.Seconds()
	}
	return float64(total) / max(took, time.Millisecond).Seconds()
}
