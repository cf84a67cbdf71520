package spawn

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Process is one that a Spawner has started. It is safe for concurrent use.
type Process struct {
	Pid    int
	handle *os.File // a pidfd
	done   chan struct{}
	end    End // once done is closed
}

// Wait returns when the process has ended.
func (p *Process) Wait() End {
	<-p.done
	return p.end
}

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

func (p *Process) ended(how End) {
	p.end = how
	close(p.done)
	p.handle.Close()
}

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
