package spawn

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one that a Spawner has started. It is safe for concurrent use.
type Process struct {
	Pid    int
	handle *os.File // a pidfd
	helper *line
	told   chan End // gets at most one
	done   chan struct{}
	end    End // once done is closed
}

// telling is how long a helper may take to say how a process ended that has.
const telling = time.Second

func newProcess(pid, handle int, helper *line) *Process {
	_ = unix.SetNonblock(handle, true) // the poller then waits for it, not a thread
	p := &Process{
		Pid: pid, handle: os.NewFile(uintptr(handle), "process"), helper: helper,
		told: make(chan End, 1), done: make(chan struct{}),
	}
	go p.watch()
	return p
}

// watch sees the end by itself: a helper may die first, or hang.
func (p *Process) watch() {
	if conn, err := p.handle.SyscallConn(); err == nil {
		_ = conn.Read(func(pidfd uintptr) (ended bool) {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
			return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
		})
	}
	patience := time.NewTimer(telling)
	defer patience.Stop()
	p.end = End{Lost: true}
	select {
	case p.end = <-p.told:
	case <-p.helper.deaf:
		select { // it may have been the last that was heard
		case p.end = <-p.told:
		default:
		}
	case <-patience.C:
	}
	close(p.done)
	p.handle.Close()
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait returns when the process has ended.
func (p *Process) Wait() End {
	<-p.done
	return p.end
}

// Orphaned is closed when the helper is gone, which kills the process; one in a frozen
// cgroup of version 1 only when somebody thaws it.
func (p *Process) Orphaned() <-chan struct{} { return p.helper.dead }

// Signal sends a signal; os.ErrProcessDone where the process has ended.
func (p *Process) Signal(s syscall.Signal) error {
	var sent error
	if err := p.WithHandle(func(pidfd uintptr) { sent = unix.PidfdSendSignal(int(pidfd), s, nil, 0) }); err != nil {
		return err
	}
	if sent == unix.ESRCH {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("pidfd_send_signal", sent)
}

// Kill is SIGKILL.
func (p *Process) Kill() error { return p.Signal(syscall.SIGKILL) }

// WithHandle calls f with a pidfd of the process, which f must not keep.
func (p *Process) WithHandle(f func(pidfd uintptr)) error {
	conn, err := p.handle.SyscallConn()
	if err == nil {
		err = conn.Control(f)
	}
	if err != nil {
		return os.ErrProcessDone
	}
	return nil
}

// End is how a process ended.
type End struct {
	Status syscall.WaitStatus
	// User and System are the CPU time of the process and of those whose end it saw.
	User, System time.Duration
	// Lost: the helper did not say how; it has most likely ended, which kills its children.
	Lost bool
}

// Success reports whether the process ended well.
func (e End) Success() bool { return !e.Lost && e.Status.Exited() && e.Status.ExitStatus() == 0 }

// String is like that of os.ProcessState.
func (e End) String() string {
	switch {
	case e.Lost:
		return "killed with what had started it"
	case e.Status.Signaled() && e.Status.CoreDump():
		return fmt.Sprintf("signal: %v (core dumped)", e.Status.Signal())
	case e.Status.Signaled():
		return fmt.Sprintf("signal: %v", e.Status.Signal())
	}
	return fmt.Sprintf("exit status %d", e.Status.ExitStatus())
}
