package daemon

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/holder"
	"lifeboat/helper/internal/journal"
	"lifeboat/helper/internal/machine"
	"lifeboat/helper/internal/paths"

	"golang.org/x/sys/unix"
)

// frozenDaemon is a giver that is frozen in attempt 1, with its state below a folder; a state that is there is gone on with.
func frozenDaemon(t *testing.T, root string) *Daemon {
	t.Helper()
	p := paths.Paths{Move: "web-1", Root: root}
	for _, dir := range []string{p.Folder(), p.Receivers()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d := &Daemon{paths: p, bootID: "boot", journal: journal.Open(p.Journal()), holder: holder.New(), relay: holder.NewRelay()}
	d.node = machine.Node{Owner: "me", Token: 1, Role: machine.Open, Highest: 1, Attempt: &machine.Attempt{
		Number: 1, Part: machine.Giver, Phase: machine.Frozen, Freeze: machine.Stopped, BootID: "boot", LeaseMs: 60_000, BudgetMs: 60_000,
	}}
	if _, err := durable.ReadJSON(p.State(), &d.node); err != nil {
		t.Fatal(err)
	}
	d.renewAttemptContext()
	if err := d.arm(d.node.Attempt); err != nil {
		t.Fatal(err)
	}
	return d
}

func ask(t *testing.T, d *Daemon, fields map[string]any) answer {
	t.Helper()
	line, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return d.line(context.Background(), line)
}

// scribe is an act that writes its name, lingers, and writes again; its undo takes both away.
func scribe(file, seconds string) map[string]any {
	return map[string]any{
		"op": "act", "token": 1, "attempt": 1, "effect": "scribe", "deadlineMs": 60_000,
		"command": []string{"sh", "-c", "echo begun > " + file + "; sleep " + seconds + "; echo late > " + file},
		"undo":    []string{"rm", "-f", file},
	}
}

// TestMain lets this program play the helper that is killed.
func TestMain(m *testing.M) {
	if root := os.Getenv("LIFEBOAT_TEST_ACT"); root != "" {
		t := &testing.T{}
		ask(t, frozenDaemon(t, root), scribe(filepath.Join(root, "effect"), "2"))
		return
	}
	os.Exit(m.Run())
}

func TestAnEffectIsTakenBackByTheNextHelperWhenItsOwnWasKilled(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "effect")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "LIFEBOAT_TEST_ACT="+root)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); !durable.Exists(file); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the effect did not begin")
		}
	}
	child.Process.Signal(unix.SIGKILL)
	child.Wait()
	d := frozenDaemon(t, root)
	if len(d.node.Effects) != 1 {
		t.Fatalf("%v was on disk before the effect", d.node.Effects)
	}
	if err := d.record(machine.Expire{Why: "the lease ran out"}); err != nil {
		t.Fatal(err)
	}
	if err := d.takeBack(context.Background()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond) // what the killed one left behind must not come after the undo
	if durable.Exists(file) || len(d.now().Effects) != 0 {
		t.Fatal("the effect is there again")
	}
}

func TestAnEffectEndsWithItsAttemptAndComesNeverAfterIt(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "effect")
	d := frozenDaemon(t, root)
	answered := make(chan answer, 1)
	go func() { answered <- ask(t, d, scribe(file, "30")) }()
	for until := time.Now().Add(10 * time.Second); !durable.Exists(file) && time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
	}
	began := time.Now()
	if err := d.record(machine.Expire{Why: "the lease ran out"}); err != nil {
		t.Fatal(err)
	}
	if told := <-answered; told["ok"] != false || time.Since(began) > 5*time.Second {
		t.Fatalf("%v after %v", told, time.Since(began))
	}
	if told := ask(t, d, scribe(file, "0")); told["code"] != machine.AttemptOver {
		t.Fatalf("a late act was answered %v", told)
	}
}

func TestAnUndoThatFailsIsKeptAndTheOthersAreDone(t *testing.T) {
	root := t.TempDir()
	d := frozenDaemon(t, root)
	for id, undo := range map[string][]string{"good": {"true"}, "bad": {"sh", "-c", "echo no >&2; exit 3"}} {
		told := ask(t, d, map[string]any{"op": "act", "token": 1, "attempt": 1, "effect": id, "deadlineMs": 5000, "command": []string{"true"}, "undo": undo})
		if told["ok"] != true || told["exitCode"] != 0 {
			t.Fatal(told)
		}
	}
	d.record(machine.Expire{Why: "the lease ran out"})
	if err := d.takeBack(context.Background()); err == nil || err.Error() != "bad is not taken back: sh ended with 3: no" {
		t.Fatal(err)
	}
	if left := d.now().Effects; len(left) != 1 || left[0].ID != "bad" {
		t.Fatal(left)
	}
}

func TestAnActOutsideOfAnAttemptCannotBeUndoneAndKnowsItsSide(t *testing.T) {
	d := frozenDaemon(t, t.TempDir())
	with := func(more map[string]any) answer {
		fields := map[string]any{"op": "act", "token": 1, "deadlineMs": 5000, "command": []string{"cat"}, "input": "told"}
		for key, value := range more {
			fields[key] = value
		}
		return ask(t, d, fields)
	}
	if told := with(nil); told["stdout"] != "told" {
		t.Fatal(told)
	}
	if told := with(map[string]any{"role": "closed"}); told["code"] != machine.GateClosed {
		t.Fatal(told)
	}
	if told := with(map[string]any{"undo": []string{"true"}}); told["code"] != machine.Usage {
		t.Fatal(told)
	}
	if told := with(map[string]any{"command": []string{"/no/such/program"}}); told["code"] != machine.NodeToolAbsent {
		t.Fatal(told)
	}
}
