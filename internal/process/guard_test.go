package process_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/process"
)

// guards is the command that makes this program a guard.
func guards() []string { return []string{"/usr/bin/env", roleEnv + "=guard", os.Args[0]} }

func guarded(line string) error {
	guard, err := process.NewGuard(guards())
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if _, err := guard.Start(cmd); err != nil {
		return err
	}
	select {}
}

// TestGuardOutlivesItsParent: of a process that is killed nothing stays that it had
// started under a guard: not what ignores SIGTERM, nor what has left the group, nor
// what has dropped the guard's mark.
func TestGuardOutlivesItsParent(t *testing.T) {
	const lives = `sh -c 'trap "" TERM; echo %s $$; exec sleep 1000'`
	line := fmt.Sprintf("trap '' TERM; "+lives+" & setsid "+lives+" & env -i "+lives+" & echo leader $$; wait", "child", "session", "bare")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0], line)
	cmd.Env = append(os.Environ(), roleEnv+"=guarded")
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	parent, err := process.Start(cmd)
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { parent.Kill(); <-parent.Done() })
	started := map[string]*process.Process{}
	for lines := bufio.NewScanner(r); len(started) < 4 && lines.Scan(); {
		var name string
		var pid int
		if _, err := fmt.Sscan(lines.Text(), &name, &pid); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		started[name] = find(t, pid)
	}
	if len(started) != 4 {
		t.Fatalf("started %v", started)
	}
	if err := parent.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for name, p := range started {
		t.Run(name, func(t *testing.T) { dead(t, p, soon) })
	}
}

// TestGuardCloses: what is left is killed at the latest when the guard is closed, and others are not.
func TestGuardCloses(t *testing.T) {
	guard, err := process.NewGuard(guards())
	if err != nil {
		t.Fatal(err)
	}
	stubborn := play("stubborn")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stubborn.Stdout = w
	p, err := guard.Start(stubborn)
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	bystander, _ := start(t, play("sleeper"))
	if err := guard.Close(); err != nil {
		t.Error(err)
	}
	dead(t, p, soon)
	if !bystander.ID().Alive() {
		t.Error("a process that is not the guard's is dead")
	}
	if _, err := guard.Start(exec.Command("sleep", "1000")); err == nil {
		t.Error("a process is started without its guard")
	}
	if err := (*process.Guard)(nil).Close(); err != nil {
		t.Error(err)
	}
}

func TestGuardThatDoesNotStart(t *testing.T) {
	if _, err := process.NewGuard([]string{"/nonexistent"}); err == nil {
		t.Error("a guard that is no program")
	}
}
