package rules

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// session is an interactive nft that stays. The kernel takes its netlink socket for the owner of the tables it makes, so
// they survive a `flush ruleset` of others and vanish with this program: its end closes the pipe, and nft ends too.
type session struct {
	input   io.WriteCloser
	errors  chan string
	over    atomic.Bool
	gone    chan struct{}
	process *exec.Cmd
	count   int
}

func startSession(lost chan<- struct{}) (*session, error) {
	command := exec.Command("nft", "-i")
	command.Env = append(os.Environ(), "HOME=/dev/null") // else it keeps a history of its lines there
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	told, err := command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	s := &session{input: input, errors: make(chan string, 64), gone: make(chan struct{}), process: command}
	go func() {
		lines := bufio.NewScanner(told)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			s.errors <- lines.Text()
		}
		command.Wait()
		close(s.gone)
		ownWish := s.over.Swap(true)
		close(s.errors)
		if !ownWish {
			select {
			case lost <- struct{}{}:
			default:
			}
		}
	}()
	return s, nil
}

func (s *session) ended() bool { return s.over.Load() }

func (s *session) end() {
	s.over.Store(true)
	s.input.Close()
}

// run sends one line, which is one transaction. nft says nothing when it succeeds, so a question that must fail follows:
// its complaint marks the end of what was said about the line before.
func (s *session) run(line string) error {
	s.count++
	mark := fmt.Sprintf("lifeboat_end_%d", s.count)
	if _, err := fmt.Fprintf(s.input, "%s\nlist table inet %s\n", line, mark); err != nil {
		return err
	}
	deadline := time.After(5 * time.Second)
	complaint := ""
	for {
		select {
		case text, open := <-s.errors:
			if !open {
				return errors.New("nft ended while it was at work")
			}
			if strings.Contains(text, mark) {
				// The first line of the last complaint belongs to the mark.
				if i := strings.LastIndex(complaint, "Error:"); i >= 0 {
					complaint = complaint[:i]
				}
				if complaint = strings.TrimSpace(complaint); complaint != "" {
					return fmt.Errorf("nft: %.300s", complaint)
				}
				return nil
			}
			if strings.Trim(text, " ^~\t") != "" { // nft underlines what it complains of
				complaint += text + "\n"
			}
		case <-deadline:
			s.process.Process.Kill()
			return errors.New("nft did not answer within 5 s")
		}
	}
}
