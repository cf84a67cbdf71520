package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// GuardEnv names the variable by which a guard knows the processes that are its to kill.
const GuardEnv = "MINIFAAS_GUARD"

// Guard kills processes that know of no lifeline once the one that started them is
// gone, even by SIGKILL. It is another process, in a session of its own: it waits for
// the end of a pipe whose write end this process alone holds. What it kills are the
// groups of those that were started with Start, and whatever of their descendants
// still has GuardEnv, in whatever group. It is safe for concurrent use.
type Guard struct {
	mark string
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// NewGuard starts the guard, by a command that runs ServeGuard.
func NewGuard(argv []string) (*Guard, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // neither Ctrl-C nor the terminal's end is for it
	pipe, err := cmd.StdinPipe()                         // closes on exec: no child holds it open
	if err != nil {
		return nil, fmt.Errorf("start guard: %w", err)
	}
	if err := children.start(cmd); err != nil {
		_ = pipe.Close()
		return nil, fmt.Errorf("start guard: %w", err)
	}
	g := &Guard{cmd: cmd, pipe: pipe}
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		return nil, fmt.Errorf("start guard: %w", errors.Join(err, g.Close()))
	}
	g.mark = markOf(id)
	return g, nil
}

// markOf is the value of GuardEnv by which the guard's own processes are told from others'.
func markOf(guard Identity) string { return fmt.Sprintf("%d-%d", guard.PID, guard.Start) }

// Start is the package's Start of a process that the guard is to kill.
func (g *Guard) Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, GuardEnv+"="+g.mark)
	p, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(g.pipe, p.ID().PID, p.ID().Start); err != nil {
		p.Kill()
		<-p.Done()
		return nil, fmt.Errorf("start %s: its guard is gone: %w", cmd.Path, err)
	}
	return p, nil
}

// Close lets the guard kill what is left, and returns when it has ended. A nil
// guard has nothing to kill.
func (g *Guard) Close() error {
	if g == nil {
		return nil
	}
	_ = g.pipe.Close()
	err := g.cmd.Wait()
	children.forget(g.cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	return nil
}

// ServeGuard is the process of a guard: it reads from the pipe what there is to kill,
// and kills it when the pipe ends.
func ServeGuard(pipe io.Reader) error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // who ends everything ends the pipe's other end, too
	self, err := Identify(os.Getpid())
	if err != nil {
		return err
	}
	var leaders []Identity
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		var id Identity
		if _, err := fmt.Sscan(lines.Text(), &id.PID, &id.Start); err != nil {
			return fmt.Errorf("guard: read %q: %w", lines.Text(), err)
		}
		leaders = append(leaders, id)
	}
	for _, leader := range leaders {
		killGroup(leader)
	}
	return KillMarked(GuardEnv, func(value string) bool { return value == markOf(self) })
}

// killGroup kills the group of that leader, which may be dead; not one whose leader
// was given its pid later.
func killGroup(leader Identity) {
	if now, err := Identify(leader.PID); err == nil && now != leader {
		return
	}
	_ = unix.Kill(-leader.PID, unix.SIGKILL)
}
