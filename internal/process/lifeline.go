package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// LifelineEnv names the variable that tells a process the number of the
// descriptor of its lifeline.
const LifelineEnv = "MINIFAAS_LIFELINE"

// Lifeline ties the lives of all descendants to one supervisor. It is a pipe
// into which nobody ever writes: the supervisor alone holds the write end, so
// that the kernel closes it when the supervisor dies, even by SIGKILL, and
// every descendant, also one that has been reparented, sees the end of file.
//
// The supervisor calls NewLifeline and Attach; a descendant calls
// InheritedLifeline, exits when Broken is closed, and attaches it to the
// children that are to go with it.
type Lifeline struct {
	read   *os.File // passed on to children, never read here
	write  *os.File // nil but in the supervisor
	broken chan struct{}
}

// NewLifeline makes the lifeline of which this process is the supervisor.
// Close breaks it.
func NewLifeline() (*Lifeline, error) {
	r, w, err := os.Pipe() // both close on exec: only Attach passes the read end on
	if err != nil {
		return nil, fmt.Errorf("make lifeline: %w", err)
	}
	return &Lifeline{read: r, write: w, broken: make(chan struct{})}, nil
}

// InheritedLifeline returns the lifeline that this process was started with,
// or nil when there is none. Call it once, early: the variable is removed, so
// that only Attach passes it on.
func InheritedLifeline() (*Lifeline, error) {
	value := os.Getenv(LifelineEnv)
	if value == "" {
		return nil, nil
	}
	_ = os.Unsetenv(LifelineEnv)
	fd, err := strconv.Atoi(value)
	if err != nil {
		return nil, fmt.Errorf("inherit lifeline: %s=%q: %w", LifelineEnv, value, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return nil, fmt.Errorf("inherit lifeline: descriptor %d is not a pipe", fd)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("inherit lifeline: %w", err)
	}
	l := &Lifeline{read: os.NewFile(uintptr(fd), "lifeline"), broken: make(chan struct{})}
	go func() {
		_ = awaitReadable(l.read)
		close(l.broken)
	}()
	return l, nil
}

// Attach makes cmd, which is yet to be started, and its descendants depend on
// the lifeline. A nil lifeline attaches nothing.
func (l *Lifeline) Attach(cmd *exec.Cmd) {
	if l == nil {
		return
	}
	const standard = 3 // ExtraFiles come behind stdin, stdout and stderr
	cmd.ExtraFiles = append(cmd.ExtraFiles, l.read)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", LifelineEnv, standard+len(cmd.ExtraFiles)-1))
}

// Broken is closed when the supervisor is gone. It never is for a nil
// lifeline, nor in the supervisor itself.
func (l *Lifeline) Broken() <-chan struct{} {
	if l == nil {
		return nil
	}
	return l.broken
}

// Close breaks the lifeline in the supervisor, and lets go of it elsewhere.
func (l *Lifeline) Close() error {
	if l == nil {
		return nil
	}
	if l.write != nil {
		_ = l.write.Close()
	}
	return l.read.Close()
}
