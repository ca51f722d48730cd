package client

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test runs itself as the process that stands for another one: what it announces goes to stderr.
func TestMain(m *testing.M) {
	if command := os.Getenv("ANNOUNCED"); command != "" {
		err := runAnnounced("/bin/sh", []string{"sh", "-c", command}, func(pid int) {
			content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			fmt.Fprintf(os.Stderr, "%d %s\n", pid, strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))[0])
		})
		if ended := Ended(0); errors.As(err, &ended) {
			os.Exit(int(ended))
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func announced(t *testing.T, command, input string) (said, announcements string, status int) {
	t.Helper()
	self := exec.Command(os.Args[0])
	self.Env = append(os.Environ(), "ANNOUNCED="+command)
	self.Stdin = strings.NewReader(input)
	var stdout, stderr strings.Builder
	self.Stdout, self.Stderr = &stdout, &stderr
	self.Run()
	return stdout.String(), stderr.String(), self.ProcessState.ExitCode()
}

// Whoever is announced is stopped by the tracing (state t), so it has written nothing yet.
func TestAnnouncedBeforeItWrites(t *testing.T) {
	for range 50 {
		said, announcements, status := announced(t, `echo $$; (exec sh -c 'echo $$'); exit 7`, "")
		numbers := strings.Fields(said)
		if status != 7 || len(numbers) != 2 || announcements != numbers[0]+" t\n"+numbers[1]+" t\n" {
			t.Fatalf("said %q, status %d, announced %q", said, status, announcements)
		}
	}
}

func TestAnnouncedEndsAsTheProgramEnds(t *testing.T) {
	for command, want := range map[string]int{
		`exit 0`:                           0,
		`exec sh -c 'exec sh -c "exit 6"'`: 6,
		`exit 23`:                          23,
		`kill -TERM $$`:                    128 + 15,
		`(true); kill -9 $$`:               128 + 9,
		`trap 'exit 5' TERM; kill -TERM $$; exit 1`: 5,
	} {
		if _, announcements, status := announced(t, command, ""); status != want {
			t.Errorf("%s: %d, announced %q", command, status, announcements)
		}
	}
}

func TestAnnouncedReadsAndWritesThroughItsOwnFiles(t *testing.T) {
	text := strings.Repeat("line\n", 100_000)
	if said, _, status := announced(t, `cat | cat`, text); said != text || status != 0 {
		t.Fatalf("%d bytes, status %d", len(said), status)
	}
}
