package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lifeboat/helper/internal/machine"

	"golang.org/x/sys/unix"
)

const (
	undoDeadline = time.Minute
	mostOutput   = 256 << 10
)

// act runs a mover's command. Within an attempt it is refused once that is over, and ended when that ends, so that no
// effect comes after its undo; what takes it back is on disk before it begins. Outside of one it may take hours, like a
// copy: it is registered like one, and a promotion or a higher token ends it.
func (d *Daemon) act(ctx context.Context, r request) (answer, error) {
	var f struct {
		Effect        string
		Role          machine.Role
		Command, Undo []string
		Input         string
		Always        bool
		DeadlineMs    int64
	}
	if err := r.read(&f); err != nil {
		return nil, err
	}
	if len(f.Command) == 0 || f.DeadlineMs < 1 {
		return nil, &machine.Refusal{Code: machine.Usage, Text: "act: which command, and for how long?"}
	}
	if role := d.now().Role; f.Role != "" && f.Role != role {
		return nil, &machine.Refusal{Code: machine.GateClosed, Text: fmt.Sprintf("this side is %s, not %s", role, f.Role)}
	}
	if r.Attempt == 0 {
		if len(f.Undo) > 0 {
			return nil, &machine.Refusal{Code: machine.Usage, Text: "act: only an attempt is undone"}
		}
	} else {
		over, done := d.attemptContext(ctx)
		defer done()
		ctx = over
		d.effects.Lock()
		defer d.effects.Unlock()
		if err := d.step(machine.Act{Call: d.call(r), ID: f.Effect, Undo: f.Undo, Always: f.Always}); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(f.DeadlineMs)*time.Millisecond)
	defer cancel()
	admit := d.admitAct
	if r.Attempt != 0 {
		admit = d.register
	}
	code, out, told, err := d.command(ctx, f.Command, f.Input, admit)
	return answer{"exitCode": code, "stdout": out, "stderr": told}, err
}

// noRoot counts what writes to data that is in no root: a mover's own commands.
const noRoot = ""

// admitAct is admit for a command that is no rsync: on a closed side it may write to what is copied.
func (d *Daemon) admitAct(pid int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.node.Role == machine.Closed {
		if err := d.mayReceive(); err != nil {
			return err
		}
		d.admitted[noRoot]++
	}
	return d.register(pid)
}

// register lets endReceivers find a session.
func (d *Daemon) register(pid int) error {
	start, _, ok := processOf(pid)
	if !ok {
		return nil // it has ended already
	}
	return os.WriteFile(filepath.Join(d.paths.Receivers(), strconv.Itoa(pid)), []byte(start), 0o600)
}

// gate becomes the command that follows once it is told to: whoever dies before it has noted whom it started leaves nobody
// behind who begins later.
const gate = `read -r told <&3 || exit 125; exec 3<&-; exec "$0" "$@"`

// command runs a program in a session of its own; nothing of that outlives the context.
func (d *Daemon) command(ctx context.Context, words []string, input string, admit func(pid int) error) (code int, out, told string, err error) {
	program, err := exec.LookPath(words[0])
	if err != nil {
		return -1, "", "", &machine.Refusal{Code: machine.NodeToolAbsent, Text: fmt.Sprintf("%s cannot be run: %v", words[0], err)}
	}
	begin, tell, err := os.Pipe()
	if err != nil {
		return -1, "", "", err
	}
	defer begin.Close()
	defer tell.Close()
	command := exec.CommandContext(ctx, "sh", append([]string{"-c", gate, program}, words[1:]...)...)
	command.ExtraFiles = []*os.File{begin}
	command.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	command.Cancel = func() error { return unix.Kill(-command.Process.Pid, unix.SIGKILL) }
	command.WaitDelay = time.Second
	command.Dir = "/"
	command.Stdin = strings.NewReader(input)
	stdout, stderr := &capped{}, &capped{}
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Start(); err != nil {
		return -1, "", "", err
	}
	refused := admit(command.Process.Pid)
	if refused == nil {
		tell.WriteString("begin\n")
	}
	tell.Close()
	err = command.Wait()
	out, told = stdout.String(), stderr.String()
	var exit *exec.ExitError
	switch {
	case refused != nil:
		return -1, out, told, refused
	case ctx.Err() != nil:
		return -1, out, told, fmt.Errorf("%s was ended: %w", words[0], ctx.Err())
	case errors.As(err, &exit):
		return exit.ExitCode(), out, told, nil
	}
	return 0, out, told, err
}

// capped keeps the last of what a program says, however much that is.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p)
	if extra := c.Len() - mostOutput; extra > 0 {
		c.Next(extra)
	}
	return len(p), nil
}

// takeBack undoes the effects of movers that are due, newest first, and goes on after a failure: what it leaves is tried
// again. Called with effects held.
func (d *Daemon) takeBack(ctx context.Context) error {
	due := d.now().Due()
	if len(due) == 0 {
		return nil
	}
	// An act that a killed daemon left behind would come after its undo.
	if err := d.endReceivers(ctx); err != nil {
		return err
	}
	var first error
	for _, effect := range due {
		limited, cancel := context.WithTimeout(ctx, undoDeadline)
		code, _, told, err := d.command(limited, effect.Undo, "", d.register)
		cancel()
		if err == nil && code != 0 {
			err = fmt.Errorf("%s ended with %d: %s", effect.Undo[0], code, lastLine(told))
		}
		if err == nil {
			err = d.record(machine.Undone{Attempt: effect.Attempt, ID: effect.ID})
		}
		if err != nil && first == nil {
			first = fmt.Errorf("%s is not taken back: %w", effect.ID, err)
		}
	}
	return first
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
