package process_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/process"
)

const soon = 5 * time.Second

func TestStopIsGraceful(t *testing.T) {
	p, _ := start(t, play("sleeper"))
	if err := p.Stop(deadline(t, soon)); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) || exit.ExitCode() != 7 {
		t.Errorf("exit = %v, want status 7", p.Err())
	}
	if err := p.Signal(unix.SIGTERM); !errors.Is(err, process.ErrNotRunning) {
		t.Errorf("signal to a dead process: %v", err)
	}
	p.Kill() // of no effect
}

func TestStopKillsTheStubborn(t *testing.T) {
	p, _ := start(t, play("stubborn"))
	if err := p.Stop(deadline(t, 50*time.Millisecond)); err == nil {
		t.Error("no word of the kill")
	}
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("exit = %v, want killed", err)
	}
}

func TestStopOfAStoppedProcess(t *testing.T) {
	p, _ := start(t, play("sleeper"))
	if err := p.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(deadline(t, 50*time.Millisecond)); err == nil {
		t.Error("a stopped process cannot have ended by itself")
	}
}

func TestOwnProcessGroup(t *testing.T) {
	p, pid := start(t, play("sleeper"))
	if pgid, err := unix.Getpgid(pid); err != nil || pgid != p.ID().PID {
		t.Errorf("group = %d, %v, want %d", pgid, err, p.ID().PID)
	}
}

// A process in the group that outlives its leader is killed with it.
func TestGroupDiesWithLeader(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 1000 & echo ready $!; wait")
	p, sleep := start(t, cmd)
	id, err := process.Identify(sleep)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := process.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(unix.SIGKILL); err != nil { // the leader alone
		t.Fatal(err)
	}
	dead(t, rest, soon)
}

// Find stands in for a child of an earlier parent.
func TestFindNoticesDeath(t *testing.T) {
	p, _ := start(t, play("sleeper"))
	found, err := process.Find(p.ID())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-found.Done():
		t.Fatal("dead before its time")
	default:
	}
	if err := found.Stop(deadline(t, soon)); err != nil {
		t.Error(err)
	}
	dead(t, p, soon)
	if _, err := process.Find(p.ID()); !errors.Is(err, process.ErrNotRunning) {
		t.Errorf("find a dead process: %v", err)
	}
}

func TestFindTellsReusedPIDs(t *testing.T) {
	id, err := process.Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	id.Start--
	if _, err := process.Find(id); !errors.Is(err, process.ErrNotRunning) {
		t.Errorf("find = %v, want ErrNotRunning", err)
	}
}

func TestStartOfNothing(t *testing.T) {
	if _, err := process.Start(exec.Command("/no/such/file")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start = %v", err)
	}
}
