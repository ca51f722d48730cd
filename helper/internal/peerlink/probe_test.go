package peerlink

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAProbeEchoesThenTellsTheRate(t *testing.T) {
	input, in := io.Pipe()
	out, output := io.Pipe()
	go AnswerProbe(input, output)
	p := &prober{in: in, out: bufio.NewReader(out)}
	if rtt, err := p.roundTrip(); err != nil || rtt > time.Second {
		t.Fatalf("%v, %v", rtt, err)
	}
	in.Write([]byte{'d'})
	block := make([]byte, 10_000)
	for began := time.Now(); time.Since(began) < 600*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		in.Write(block)
	}
	in.Close()
	line, err := p.out.ReadString('\n')
	rate, parsed := strconv.ParseFloat(strings.TrimSpace(line), 64)
	// A megabyte a second at most, as nobody sleeps shorter than asked for.
	if err != nil || parsed != nil || rate < 100_000 || rate > 1_100_000 {
		t.Fatalf("%q, %v", line, err)
	}
}

func TestARateLeavesTheBeginningOutWhereEnoughCameAfterIt(t *testing.T) {
	if got := rate(1000, time.Second, 900, 500*time.Millisecond); got != 1800 {
		t.Errorf("the rate of 900 bytes in half a second is %v", got)
	}
	if got := rate(1000, 50*time.Millisecond, 0, 0); got != 20_000 {
		t.Errorf("the rate of 1000 bytes in 50 ms is %v", got)
	}
}
