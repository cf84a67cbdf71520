package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNotRunning: the process is dead, or its pid has gone to another one.
var ErrNotRunning = errors.New("process is not running")

// Process is a running process, or one that has just died. It is safe for concurrent use.
type Process struct {
	id    Identity
	cmd   *exec.Cmd // nil for a process that is not our child
	pidfd *os.File  // nil where the kernel has none
	done  chan struct{}
	err   error // written before done is closed

	mu       sync.Mutex // guards what follows, and keeps the pid from being reused under a signal
	reaped   bool
	patience <-chan struct{} // of StopGroup; nil before
}

// Start starts cmd in a process group of its own. Its standard streams must be
// nil or files: a writer of another kind would keep the death of the process
// unnoticed for as long as a grandchild holds the pipe.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := children.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	// Neither can mistake the process: it keeps its pid until we reap it.
	p.id, _ = Identify(cmd.Process.Pid)
	p.pidfd, _ = openPidfd(cmd.Process.Pid)
	go p.watch()
	return p, nil
}

// Find takes hold of a process that somebody else started. The error wraps
// ErrNotRunning when it is dead.
func Find(id Identity) (*Process, error) {
	pidfd, err := openPidfd(id.PID)
	if errors.Is(err, unix.ESRCH) || !id.Alive() { // in this order: a process that is alive now is the one of the descriptor
		if pidfd != nil {
			_ = pidfd.Close()
		}
		return nil, fmt.Errorf("find process %d: %w", id.PID, ErrNotRunning)
	}
	p := &Process{id: id, pidfd: pidfd, done: make(chan struct{})}
	go p.watch()
	return p, nil
}

func (p *Process) watch() {
	if p.pidfd == nil || awaitReadable(p.pidfd) != nil {
		awaitDeath(p.id)
	}
	p.awaitGroup()
	p.mu.Lock()
	if p.cmd != nil {
		// Before it is reaped its pid, and so its group's, cannot be anybody else's.
		_ = unix.Kill(-p.id.PID, unix.SIGKILL)
		p.err = p.cmd.Wait()
		children.forget(p.id.PID)
	}
	if p.pidfd != nil {
		_ = p.pidfd.Close()
	}
	p.reaped = true
	p.mu.Unlock()
	close(p.done)
}

// ID names the process, for Find.
func (p *Process) ID() Identity { return p.id }

// Done is closed when the process is dead.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended, as os/exec does; nil while it runs, when it
// succeeded, and when it was no child of ours, so that nobody tells us.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Signal sends sig to the process alone; ErrNotRunning when it is dead.
func (p *Process) Signal(sig unix.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signal(sig)
}

func (p *Process) signal(sig unix.Signal) error {
	var err error
	switch {
	case p.reaped:
		return ErrNotRunning
	case p.pidfd != nil:
		err = signalPidfd(p.pidfd, sig)
	case p.id.Alive():
		err = unix.Kill(p.id.PID, sig)
	default:
		return ErrNotRunning
	}
	if errors.Is(err, unix.ESRCH) {
		return ErrNotRunning
	}
	return err
}

// Kill ends the process and its group at once; Done tells when.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return
	}
	if pgid, err := unix.Getpgid(p.id.PID); err == nil && pgid == p.id.PID && p.id.Alive() {
		_ = unix.Kill(-p.id.PID, unix.SIGKILL)
	}
	_ = p.signal(unix.SIGKILL)
}

// Stop asks the process to end (SIGTERM), kills it when ctx ends first, and
// returns when it is dead. The error says that it had to be killed.
func (p *Process) Stop(ctx context.Context) error {
	_ = p.Signal(unix.SIGTERM)
	return p.await(ctx)
}

// await returns when the process is dead; it kills it when ctx ends first, and says so.
func (p *Process) await(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	p.Kill()
	<-p.done
	return fmt.Errorf("stop process %d: killed: %w", p.id.PID, context.Cause(ctx))
}
