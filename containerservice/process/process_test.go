package process

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shell starts a script and returns its first line of output.
func shell(t *testing.T, script string) (*Process, string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", script}, Env: map[string]string{"PATH": "/bin:/usr/bin"}, Files: []*os.File{nil, w, nil}})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := r.Read(line)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return p, strings.TrimSpace(string(line[:n]))
}

func wait(t *testing.T, p *Process) Exit {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("process does not end")
	}
	return p.Exit()
}

func gone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatalf("pid %q: %v", pid, err)
	}
	if err := syscall.Kill(n, 0); err != syscall.ESRCH {
		t.Errorf("process %d is still there: %v", n, err)
	}
}

func TestExit(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":     "exited with code 0",
		"exit 3":     "exited with code 3",
		"kill -9 $$": "killed by signal 9 (killed)",
	} {
		p, _ := shell(t, script)
		if e := wait(t, p); e.String() != want || e.MaxRSS <= 0 {
			t.Errorf("%s: %v, max rss %d; want %s", script, e, e.MaxRSS, want)
		}
	}
}

func TestStartError(t *testing.T) {
	if _, err := Start(Spec{Path: "/does/not/exist"}); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v", err)
	}
}

func TestKillEndsTheGroup(t *testing.T) {
	p, child := shell(t, "sleep 1000 & echo $!; wait")
	p.Kill()
	p.Kill()
	if e := p.Exit(); e.Signal != syscall.SIGKILL {
		t.Errorf("exit: %v", e)
	}
	gone(t, child)
}

func TestGroupEndsWithItsLeader(t *testing.T) {
	p, child := shell(t, "sleep 1000 & echo $!")
	wait(t, p)
	gone(t, child)
}

func TestDaemonEndsWithItsProcess(t *testing.T) {
	// The daemon has left the group, and its parent is gone at once.
	p, child := shell(t, "(setsid sh -c 'echo $$; exec >&-; sleep 1000; :' &); sleep 1000")
	p.Kill()
	gone(t, child)
}

func TestDaemonOfAnotherIsLeftAlone(t *testing.T) {
	a, child := shell(t, "(setsid sh -c 'echo $$; sleep 1000; :' &); sleep 1000")
	b, _ := shell(t, "exit 0")
	wait(t, b)
	if n, _ := strconv.Atoi(child); syscall.Kill(n, 0) != nil {
		t.Error("the end of b took the daemon of a")
	}
	a.Kill()
	gone(t, child)
}

func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", fmt.Sprintf("exit %d", i)}})
			if err != nil {
				t.Error(err)
				return
			}
			<-p.Done()
			if p.Exit().Code != i {
				t.Errorf("process %d: %v", i, p.Exit())
			}
		})
	}
	wg.Wait()
}

func TestOOMScore(t *testing.T) {
	p, _ := shell(t, "echo up; sleep 1000")
	defer p.Kill()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.PID()))
	if err != nil || strings.TrimSpace(string(b)) != oomScore {
		t.Errorf("oom_score_adj %q, %v", b, err)
	}
}

func BenchmarkStartAndWait(b *testing.B) {
	for b.Loop() {
		p, err := Start(Spec{Path: "/bin/true"})
		if err != nil {
			b.Fatal(err)
		}
		<-p.Done()
	}
}
