package daemon

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"lifeboat/helper/internal/paths"
)

func TestCopiersKnowWhoIsGone(t *testing.T) {
	c := newCopiers(paths.Paths{Move: "web-1", Root: t.TempDir()})
	os.MkdirAll(c.paths.Receivers(), 0o700)
	started := func() (pid int, end func()) {
		t.Helper()
		process := exec.Command("sleep", "60")
		process.SysProcAttr = &unix.SysProcAttr{Setsid: true}
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		return process.Process.Pid, func() { process.Process.Kill(); process.Wait() }
	}
	register := func(session int) {
		os.WriteFile(filepath.Join(c.paths.Receivers(), strconv.Itoa(session)), nil, 0o600)
	}

	for pid := range 5000 { // what is remembered of others is bounded
		c.known[-pid] = writer{}
	}
	copies, endCopy := started()
	if c.told(copies) == nil {
		t.Error("a process of a session that was not let in is believed")
	}
	register(copies)
	if err := c.told(copies); err != nil {
		t.Error(err)
	}
	other, endOther := started()
	early, endEarly := started()
	register(early)
	endCopy()
	endOther()
	endEarly()
	if !c.wrote(copies) || c.wrote(other) {
		t.Error("who was told of copies, also when it is gone; who was not does not")
	}
	if c.wrote(early) {
		t.Error("a number proves nothing once its process is gone")
	}
	if c.wrote(os.Getpid()) || len(c.known) > 10 {
		t.Errorf("%d are remembered", len(c.known))
	}
	c.forget(c.ended())
	if c.wrote(copies) {
		t.Error("a number that may be somebody else's by now is still believed")
	}
}
