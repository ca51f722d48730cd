package client

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Ended is the status with which a program ended that stood for this one.
type Ended int

func (e Ended) Error() string { return fmt.Sprintf("ended with status %d", int(e)) }

// runAnnounced runs a program on this process's own files and ends as it ends. It announces the number of the program,
// and that of the first process that it starts, before they do anything: rsync writes from a second process, which may
// be over in a millisecond, and nobody but the kernel could tell in time which that is. So ptrace(2) watches until then.
// Where that is not allowed the program runs all the same.
func runAnnounced(program string, words []string, announce func(pid int)) error {
	runtime.LockOSThread() // the thread that began the tracing is the only one that may go on with it
	defer runtime.UnlockOSThread()
	attributes := &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Env: os.Environ(), Sys: &unix.SysProcAttr{Ptrace: true}}
	process, err := os.StartProcess(program, words, attributes)
	if err != nil {
		return unix.Exec(program, words, os.Environ())
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(process.Pid, &status, 0, nil); err != nil {
		return err
	}
	announce(process.Pid)
	if err := unix.PtraceSetOptions(process.Pid, unix.PTRACE_O_TRACEFORK|unix.PTRACE_O_TRACEEXEC); err != nil {
		return err
	}
	signal := 0 // it stopped at its first instruction
	for {
		if err := unix.PtraceCont(process.Pid, signal); err != nil {
			return err
		}
		if _, err := unix.Wait4(process.Pid, &status, 0, nil); err != nil {
			return err
		}
		switch {
		case !status.Stopped():
			return endedBy(status)
		case status.TrapCause() == unix.PTRACE_EVENT_FORK:
			return released(process, announce)
		case status.TrapCause() == unix.PTRACE_EVENT_EXEC:
			signal = 0 // a script that became the real program
		default:
			signal = int(status.StopSignal())
		}
	}
}

// released lets the program go, which has just started a process, and waits for its end.
func released(process *os.Process, announce func(pid int)) error {
	started, err := unix.PtraceGetEventMsg(process.Pid)
	if err != nil {
		return err
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(int(started), &status, unix.WALL, nil); err != nil {
		return err
	}
	announce(int(started))
	for _, pid := range []int{int(started), process.Pid} {
		if err := unix.PtraceDetach(pid); err != nil && err != unix.ESRCH {
			return err
		}
	}
	if _, err := unix.Wait4(process.Pid, &status, 0, nil); err != nil {
		return err
	}
	return endedBy(status)
}

func endedBy(status unix.WaitStatus) error {
	switch {
	case status.Signaled():
		return Ended(128 + int(status.Signal()))
	case status.ExitStatus() != 0:
		return Ended(status.ExitStatus())
	}
	return nil
}
