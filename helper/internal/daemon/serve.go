package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"

	"golang.org/x/sys/unix"
)

// Run is the daemon of one move, until it is told to stop.
func Run(p paths.Paths, version, build string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	lock, err := lockAlone(p) // before the state is read: the timer's program may be changing it
	if err != nil {
		return err
	}
	defer lock.Close()
	d, err := New(ctx, p, version, build)
	if err != nil {
		return err
	}
	if err := d.resume(ctx); err != nil {
		return err
	}
	os.Remove(p.Socket())
	socket, err := net.Listen("unix", p.Socket())
	if err != nil {
		return err
	}
	if err := os.Chmod(p.Socket(), 0o600); err != nil {
		return err
	}
	go d.accept(ctx, socket)
	notifyReady()
	// Now that systemd goes on, units may be stopped: before, one waiting for this program would be waited for.
	go func() {
		d.effects.Lock()
		defer d.effects.Unlock()
		_, err := d.stopClosed(ctx)
		d.trouble.set("closed", err)
	}()
	go d.guardRehearsals(ctx)
	go d.askOnReturn(ctx)
	d.watch(ctx)
	d.leave()
	return socket.Close()
}

// leave ends the programs that this one started, so that systemd has nothing to wait for. What must outlive it stays:
// forwarding, the guard, the marks. The table of a hold goes with its owner.
func (d *Daemon) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if machine.Wanted(d.now()).Hold == machine.HoldNew { // where no owner's table ends the redirect by itself
		d.lonely = true
		d.settleNow(ctx)
	}
	if d.rules != nil {
		d.rules.Leave()
	}
	if n := d.now(); n.Config != nil {
		d.peer.Cool(ctx, n.Config.Peer)
		d.peer.Retire(ctx, n.Config.Peer)
	}
	if !durable.Exists(d.paths.Folder()) { // taken off this node
		endCompanions(d.paths.HelperUnit())
		os.RemoveAll(d.paths.Runtime())
	}
}

// endCompanions ends whatever else runs in this unit: a connection to the peer that was being opened when the last one
// was ended would stay for as long as it is kept warm, and the unit with it. It looks until nobody is there, as one may
// start another while it looks.
func endCompanions(unit string) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || !strings.Contains(string(own), unit) {
		return
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		alone := true
		entries, _ := os.ReadDir("/proc")
		for _, entry := range entries {
			pid, err := strconv.Atoi(entry.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			if theirs, err := os.ReadFile("/proc/" + entry.Name() + "/cgroup"); err == nil && string(theirs) == string(own) {
				alone = false
				unix.Kill(pid, unix.SIGKILL) // one of them has been seen not to listen
			}
		}
		if alone {
			return
		}
	}
}

// resume makes the world fit the state that was found: after a boot, a crash, or for the first time.
func (d *Daemon) resume(ctx context.Context) error {
	if err := d.record(machine.Booted{BootID: d.bootID}); err != nil {
		return err
	}
	d.mu.Lock()
	err := d.persist(d.node) // the marks in /run are of the boot before, or missing
	d.mu.Unlock()
	if err != nil {
		return err
	}
	d.recording.resume(ctx)
	if _, err := d.settleNow(ctx); err != nil {
		d.journal.Note("rules-failed", map[string]any{"text": err.Error()}) // tried again each half second
	}
	return nil
}

// lockAlone makes sure that one program acts for a move: the daemon, or the timer's in its absence.
func lockAlone(p paths.Paths) (*os.File, error) {
	if err := os.MkdirAll(p.Runtime(), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p.Lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another helper of this move is at work: %w", err)
	}
	return f, nil
}

func (d *Daemon) accept(ctx context.Context, socket net.Listener) {
	for {
		conn, err := socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go d.converse(ctx, conn)
		}
	}
}

// converse answers each line as soon as it can, so that a renewal overtakes a freeze.
func (d *Daemon) converse(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	var writing sync.Mutex
	var open sync.WaitGroup
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := append([]byte(nil), lines.Bytes()...)
		open.Add(1)
		go func() {
			defer open.Done()
			text, err := json.Marshal(d.line(ctx, line))
			if err != nil {
				text = []byte(`{"ok":false,"code":"node-failed","text":"the answer cannot be written as JSON"}`)
			}
			writing.Lock()
			defer writing.Unlock()
			conn.Write(append(text, '\n'))
		}()
	}
	open.Wait()
}

func (d *Daemon) line(ctx context.Context, line []byte) (told answer) {
	r := request{raw: line}
	if err := json.Unmarshal(line, &r); err != nil {
		return failure(&machine.Refusal{Code: machine.Usage, Text: "that line is no request: " + err.Error()}, nil)
	}
	r.raw = line
	if told := d.peerLine(ctx, r); told != nil {
		return told
	}
	return d.perform(ctx, r)
}

// notifyReady tells systemd that the services may start now.
func notifyReady() {
	if address := os.Getenv("NOTIFY_SOCKET"); address != "" {
		if conn, err := net.Dial("unixgram", address); err == nil {
			conn.Write([]byte("READY=1"))
			conn.Close()
		}
	}
}
