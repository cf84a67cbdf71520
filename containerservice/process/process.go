// Package process starts, ends and waits for the children of the agent.
//
// The agent is the first process of its pid namespace, or a subreaper: orphans
// become its children. So one goroutine waits for all children, those it
// started and those it inherited, and nothing else in the agent may wait for a
// process: os/exec would find its children already waited for.
//
// A process leads a process group of its own. When it ends, for whatever
// reason, its group ends with it, and so does what has left the group (see
// strays.go): Done means that nothing of it runs any more.
package process

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/minifaas/minifaas/internal/jail"
)

// Spec says what to start.
type Spec struct {
	// Path of the executable. Args go without the zeroth, which is Path.
	Path string
	Args []string
	Env  map[string]string
	Dir  string
	// Files are the process's descriptors from 0 on. They stay the caller's to
	// close; nil is /dev/null.
	Files []*os.File
}

// Process is a child that was started. It is safe for concurrent use.
type Process struct {
	pid  int
	done chan struct{}
	exit Exit // set before done is closed
}

// Exit is how a process ended.
type Exit struct {
	Code   int            // of a process that exited
	Signal syscall.Signal // of a process that was killed, else 0
	// MaxRSS is the largest resident set of the process or of a child that it
	// waited for, in bytes. The kernel counts the agent's own size at the time of
	// the start in, so it is never less than that.
	MaxRSS int64
}

func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("killed by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// oomScore makes the kernel take a worker before the agent, which can then say
// what happened.
const oomScore = "1000"

// Start starts a process. The caller needs not wait for it.
func Start(spec Spec) (*Process, error) {
	fds := make([]uintptr, len(spec.Files))
	for i, f := range spec.Files {
		if f == nil {
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				return nil, fmt.Errorf("start %s: %w", spec.Path, err)
			}
			defer null.Close()
			f = null
		}
		fds[i] = f.Fd()
	}
	p, err := children.start(func(mark string) (pid int, err error) {
		jail.Fork(func() {
			pid, err = syscall.ForkExec(spec.Path, append([]string{spec.Path}, spec.Args...), &syscall.ProcAttr{
				Dir:   spec.Dir,
				Env:   append(environ(spec.Env), mark),
				Files: fds,
				Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
			})
		})
		return pid, err
	})
	runtime.KeepAlive(spec.Files)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Path, err)
	}
	preferForOOM(p.pid)
	return p, nil
}

func preferForOOM(pid int) {
	// Without /proc the kernel has no preference: not worth an error.
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte(oomScore), 0)
}

// PID is the process's id; it is another process's after Done.
func (p *Process) PID() int { return p.pid }

// Done is closed when nothing of the process runs any more.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how it ended. It may be called after Done.
func (p *Process) Exit() Exit { return p.exit }

// Kill ends the process and returns when nothing of it runs any more.
// Repeating it is legal.
func (p *Process) Kill() {
	children.kill(p)
	<-p.done
}

// KillAll ends every process that was started, and does not wait. It is for
// the end of the agent.
func KillAll() { children.killAll() }

func environ(env map[string]string) []string {
	out := make([]string, 0, len(env)+1)
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out
}
