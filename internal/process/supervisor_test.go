package process_test

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/process"
)

// lines collects what a supervisor writes.
type lines struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func sleeper(name string) process.Service {
	return process.Service{Name: name, Argv: []string{os.Args[0]}, Env: []string{roleEnv + "=sleeper"}}
}

func TestSupervisorRestarts(t *testing.T) {
	var out lines
	s := process.NewSupervisor(process.SupervisorConfig{Output: &out})
	defer s.Stop()
	if err := s.Start(sleeper("a")); err != nil {
		t.Fatal(err)
	}
	first := s.Services()[0]
	if first.PID == 0 || first.Deaths != 0 {
		t.Fatalf("status = %+v", first)
	}
	killed := time.Now()
	if err := unix.Kill(first.PID, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new process", func() bool {
		now := s.Services()[0]
		return now.Deaths == 1 && now.PID != 0 && now.PID != first.PID
	})
	if took := time.Since(killed); took > time.Second {
		t.Errorf("restarted after %v", took)
	}
	eventually(t, "the line of the new process", func() bool {
		return strings.Count(out.String(), "a | ready ") >= 1
	})
}

func TestSupervisorStopsInReverseOrder(t *testing.T) {
	var out lines
	s := process.NewSupervisor(process.SupervisorConfig{Output: &out})
	for _, name := range []string{"first", "second"} {
		svc := process.Service{Name: name, Argv: []string{"/bin/sh", "-c", "trap 'echo bye; exit 0' TERM; echo hi; while :; do sleep 0.01; done"}}
		if err := s.Start(svc); err != nil {
			t.Fatal(err)
		}
		eventually(t, name, func() bool { return strings.Contains(out.String(), name+" | hi\n") })
	}
	s.Stop()
	s.Stop() // repeating it is legal
	if got, want := out.String(), "first | hi\nsecond | hi\nsecond | bye\nfirst | bye\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	if err := s.Start(sleeper("late")); err == nil {
		t.Error("a stopped supervisor starts services")
	}
}

func TestSupervisorOutput(t *testing.T) {
	var out lines
	s := process.NewSupervisor(process.SupervisorConfig{Output: &out})
	// What ends without a line's end is written with the line before it: else the stop may come first.
	svc := process.Service{Name: "x", Argv: []string{"/bin/sh", "-c", `echo one; printf 'two\nthree' >&2; exec sleep 1000`}}
	if err := s.Start(svc); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two lines", func() bool { return strings.Count(out.String(), "\n") == 2 })
	s.Stop()
	if got, want := out.String(), "x | one\nx | two\nx | three\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestSupervisorFirstStartFails(t *testing.T) {
	s := process.NewSupervisor(process.SupervisorConfig{})
	defer s.Stop()
	if err := s.Start(process.Service{Name: "x", Argv: []string{"/no/such/file"}}); err == nil {
		t.Error("no error")
	}
	if got := s.Services(); len(got) != 0 {
		t.Errorf("services = %+v", got)
	}
}
