package spawn

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		debug.SetGCPercent(1) // whatever a collection would spoil, it does
		if err := Serve(os.NewFile(3, "orders")); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newSpawner(t *testing.T) *Spawner {
	t.Helper()
	s := New(os.Args[0])
	t.Cleanup(s.Close)
	return s
}

// shell starts a script whose output is read from the file.
func shell(t *testing.T, s *Spawner, script string) (*Process, *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	defer write.Close()
	p, err := s.Start(Command{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"A=b"}, Dir: "/tmp",
		Files: []*os.File{write, write, write}, Attributes: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, read
}

// TestStart: the process has the folder, environment and files that it was given, and
// no others (the fourth is the folder that ls reads); its end is told.
func TestStart(t *testing.T) {
	s := newSpawner(t)
	p, output := shell(t, s, "pwd >&1; echo $A >&1; ls /proc/self/fd | wc -l >&1; exit 3")
	if end := p.Wait(); end.Success() || end.String() != "exit status 3" || end.User+end.System <= 0 {
		t.Errorf("ended with %v after %v of CPU, want 3", end, end.User+end.System)
	}
	text, err := io.ReadAll(output)
	if got := strings.Fields(string(text)); err != nil || !slices.Equal(got, []string{"/tmp", "b", "4"}) {
		t.Errorf("the process says %q, %v", got, err)
	}
	if err := p.Kill(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill of the dead: %v", err)
	}
}

func TestSignal(t *testing.T) {
	p, _ := shell(t, newSpawner(t), "exec sleep 60")
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if end := p.Wait(); end.String() != "signal: terminated" {
		t.Errorf("ended: %v", end)
	}
}

func TestStartFails(t *testing.T) {
	s := newSpawner(t)
	if _, err := s.Start(Command{Path: "/nowhere", Attributes: &syscall.SysProcAttr{}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such program: %v", err)
	}
	p, _ := shell(t, s, "exec sleep 60")
	closed, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for what, c := range map[string]Command{
		"an order larger than a packet": {Path: "/bin/true", Args: []string{strings.Repeat("x", mostOrder)}},
		"a file that is closed":         {Path: "/bin/true", Files: []*os.File{closed}},
		"a program of a long name":      {Path: "/" + strings.Repeat("x", 5000)},
	} {
		if _, err := s.Start(c); err == nil {
			t.Errorf("%s was started", what)
		}
	}
	select {
	case <-p.Done():
		t.Error("those failures have killed another process")
	default:
	}
	if p, _ := shell(t, s, "true"); !p.Wait().Success() {
		t.Error("after those failures nothing starts")
	}
	if _, err := New("/bin/false").Start(Command{Path: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("a helper that is none: %v", err)
	}
}

// TestMany start at once, by more orders than the socket holds, and each hears of its own end.
func TestMany(t *testing.T) {
	s := newSpawner(t)
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			p, err := s.Start(Command{
				Path: "/bin/sh", Args: []string{"sh", "-c", "exit " + strconv.Itoa(i%200)}, Env: []string{"A=" + strings.Repeat("b", 2000)},
			})
			if err != nil {
				t.Error(err)
			} else if end := p.Wait(); end.Status.ExitStatus() != i%200 {
				t.Errorf("%d ended with %v", i, end)
			}
		})
	}
	all.Wait()
}

// TestHelperDies: its children die with it, and the next order gets another one.
func TestHelperDies(t *testing.T) {
	s := newSpawner(t)
	p, _ := shell(t, s, "exec sleep 60")
	if err := s.line.helper.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Orphaned()
	if end := p.Wait(); !end.Lost {
		t.Errorf("ended: %v", end)
	}
	if err := syscall.Kill(p.Pid, 0); err == nil && !dead(p.Pid) {
		t.Error("the child has outlived its helper")
	}
	if p, _ := shell(t, s, "true"); !p.Wait().Success() {
		t.Error("nothing starts any more")
	}
}

// TestHelperHangs: ends are seen without it, and it is replaced when somebody needs it.
func TestHelperHangs(t *testing.T) {
	s := newSpawner(t)
	p, _ := shell(t, s, "exec sleep 60")
	s.line.hung = 50 * time.Millisecond // that of the next helper is as ever
	if err := s.line.helper.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
	if end := p.Wait(); !end.Lost {
		t.Errorf("who said that it ended so: %v", end)
	}
	if p, _ := shell(t, s, "true"); !p.Wait().Success() {
		t.Error("nothing starts any more")
	}
}

// dead: it is a zombie, which somebody else has to collect.
func dead(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}

// TestClose ends what is left.
func TestClose(t *testing.T) {
	s := New(os.Args[0])
	p, _ := shell(t, s, "exec sleep 60")
	s.Close()
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		t.Fatal("the child has outlived the spawner")
	}
	if _, err := s.Start(Command{Path: "/bin/true"}); !errors.Is(err, ErrClosed) {
		t.Errorf("start after the end: %v", err)
	}
}

// TestSlack: it is that process's alone.
func TestSlack(t *testing.T) {
	s := newSpawner(t)
	var found []string
	for _, slack := range []time.Duration{0, 300 * time.Microsecond, 0} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Start(Command{
			Path: "/bin/cat", Args: []string{"cat", "/proc/self/timerslack_ns"}, Dir: "/", Files: []*os.File{write, write, write}, Slack: slack,
		})
		write.Close()
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(read)
		read.Close()
		found = append(found, strings.TrimSpace(string(said)))
	}
	if found[1] != "300000" || found[0] == found[1] || found[0] != found[2] {
		t.Errorf("it is %v ns, want 300000 of the second alone", found)
	}
}
