package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// TestInterruptUnderLoad: running calls are answered, and nothing is left.
func TestInterruptUnderLoad(t *testing.T) {
	u := newUp(t)
	up := u.start()
	up.says("minifaas is up")
	c := u.caller()
	c.must("load-native", "{}")
	// What was sent before the interrupt is answered, with room for what is on its way.
	var interrupted atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for {
				sent := time.Now()
				reply, err := c.invoke(context.Background(), "load-native", `{"sleep_ms":300}`)
				if err == nil && reply.GetFunctionError() == "" {
					continue
				}
				if at := interrupted.Load(); at == 0 || sent.UnixNano() < at-int64(100*time.Millisecond) || status.Code(err) != codes.Unavailable {
					t.Errorf("a call sent %v after the interrupt: %v %s", sent.Sub(time.Unix(0, at)), err, reply.GetFunctionErrorMessage())
				}
				return
			}
		})
	}
	time.Sleep(time.Second)
	interrupted.Store(time.Now().UnixNano())
	up.signal(syscall.SIGINT)
	callers.Wait()
	if code := up.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	t.Logf("stopped after %v", time.Since(time.Unix(0, interrupted.Load())))
	u.nothingLeft()
}

// TestInterruptToldTwice: a signal that comes from two sides is one, and is heeded in good order.
func TestInterruptToldTwice(t *testing.T) {
	u := newUp(t)
	up := u.start()
	up.says("minifaas is up")
	up.signal(syscall.SIGTERM)
	up.says("stopping")
	up.signal(syscall.SIGTERM)
	if code := up.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	u.nothingLeft()
}

// TestKillOfAll: what a platform leaves that was killed as a whole, the next
// one with its state folder removes.
func TestKillOfAll(t *testing.T) {
	u := newUp(t)
	up := u.start()
	up.says("minifaas is up")
	c := u.caller()
	c.must("load-native", "{}")
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for {
				if _, err := c.invoke(context.Background(), "load-native", `{"sleep_ms":300}`); err != nil {
					return
				}
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	for _, process := range processesOf(u.stateDir) {
		if pid, err := strconv.Atoi(strings.TrimPrefix(process, "process ")); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // some go with others
		}
	}
	callers.Wait()
	up.exit()
	if u.left() == nil {
		t.Error("a platform that was killed has left nothing: the test shows nothing")
	}
	again := u.start()
	again.says("minifaas is up")
	u.caller().must("load-native", "{}")
	again.signal(syscall.SIGTERM)
	if code := again.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	u.nothingLeft()
}

// TestKillOfUp: what depends on it ends by itself, and the next one need not wait for that.
func TestKillOfUp(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprintf("patient=%v", patient), func(t *testing.T) {
			u := newUp(t)
			up := u.start()
			up.says("minifaas is up")
			u.caller().must("load-native", "{}")
			up.signal(syscall.SIGKILL)
			up.exit()
			if patient {
				eventually(t, "the end of what depends on it", func() bool { return processesOf(u.stateDir) == nil })
			}
			again := u.start()
			again.says("minifaas is up")
			u.caller().must("load-native", "{}")
			again.signal(syscall.SIGTERM)
			again.exit()
			u.nothingLeft()
		})
	}
}

// TestSecondUp: it says why it does not start, and does not harm the first.
func TestSecondUp(t *testing.T) {
	u := newUp(t)
	up := u.start()
	up.says("minifaas is up")
	c := u.caller()
	c.must("hello", "{}")

	same := u.start()
	if code := same.exit(); code == 0 {
		t.Error("a second platform with the same state folder has exit code 0")
	}
	same.saysOnce("another platform (process " + strconv.Itoa(up.cmd.Process.Pid) + ") runs with the state folder " + u.stateDir)

	other := u.start("--state-dir=" + filepath.Join(t.TempDir(), "other"))
	if code := other.exit(); code == 0 {
		t.Error("a second platform on the same ports has exit code 0")
	}
	other.saysOnce("is another platform running?")

	if reply := c.must("hello", "{}"); reply.GetColdStart() {
		t.Error("the first platform has lost its container")
	}
	up.signal(syscall.SIGINT)
	up.exit()
	u.nothingLeft()
}

// TestInterruptWhileStarting: at any moment, nothing is left.
func TestInterruptWhileStarting(t *testing.T) {
	for _, after := range []time.Duration{0, 30, 60, 100, 150, 200, 300, 400} {
		u := newUp(t)
		up := u.start()
		time.Sleep(after * time.Millisecond) // no event tells of the moments in between
		up.signal(syscall.SIGINT)
		up.exit()
		u.nothingLeft()
		if t.Failed() {
			t.Fatalf("interrupted after %v ms", int(after))
		}
	}
}

// TestInterruptDemo: the result so far is printed, and says that it is partial.
func TestInterruptDemo(t *testing.T) {
	for _, side := range []string{"baseline", "adaptive"} {
		t.Run(side, func(t *testing.T) {
			needPrograms(t)
			folder := t.TempDir()
			openToAll(t, folder)
			t.Setenv("TMPDIR", folder)
			demo := startProgram(t, "demo", "--length=5s", "-o", "json", "--max-nodes=4")
			demo.says(side + ": ")
			time.Sleep(3 * time.Second)
			demo.signal(syscall.SIGINT)
			if code := demo.exit(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			var result map[string]any
			if err := json.Unmarshal(demo.stdout.Bytes(), &result); err != nil {
				t.Fatalf("the result: %v", err)
			}
			if run, _ := result[side].(map[string]any); run["partial"] != true {
				t.Errorf("%s is not marked as partial: %v", side, run)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("left in the folder for temporary files: %v", left)
			}
			if left := append(processesOf(folder), mountsBelow(folder)...); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestStartErrors: one message that says what is wrong, and nothing is left.
func TestStartErrors(t *testing.T) {
	u := newUp(t)
	three := filepath.Join(t.TempDir(), "faults.yaml")
	if err := os.WriteFile(three, []byte("polcy: adaptive\nnodes: many\nmax-wait: 5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	taken := newUp(t).portBase + 50 // all of its ports but one are others than u's
	lis, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", taken+apiserverPort))
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	for _, tt := range []struct {
		name string
		args []string
		says []string
	}{
		{"port in use", []string{fmt.Sprintf("--port-base=%d", taken)}, []string{"apiserver: ", "address already in use", "--port-base"}},
		{"address of another machine", []string{"--address=203.0.113.1"}, []string{"--address 203.0.113.1", "want an address of this machine"}},
		{"three faults", []string{"--config=" + three}, []string{three + ":1: polcy", three + ":2: nodes", three + ":3: max-wait"}},
		{"no functions", []string{"--functions=/nowhere/at-all"}, []string{"/nowhere/at-all"}},
		{"unknown policy", []string{"--policy=magic"}, []string{`policy "magic"`, "adaptive"}},
		{"state folder", []string{"--state-dir=/proc/nowhere"}, []string{"/proc/nowhere", "--state-dir"}},
		{"sizes", []string{"--node-cpu=0", "--node-memory=1MiB", "--nodes=-1"}, []string{"--node-cpu", "--node-memory", "--nodes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			up := u.start(tt.args...)
			if code := up.exit(); code == 0 {
				t.Error("exit code 0")
			}
			for _, text := range tt.says {
				up.saysOnce(text)
			}
			if lines := bytes.Count(up.stderr.Bytes(), []byte("\n")); lines > 6 {
				t.Errorf("%d lines of messages, want a few", lines)
			}
			u.nothingLeft()
		})
	}
}

// TestNoCgroups: root is told what to mount. Another user goes on without.
func TestNoCgroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("another user goes on without cgroups")
	}
	u := newUp(t)
	// In a mount namespace of its own, an empty file system hides the host's cgroups.
	cmd := exec.Command("sh", append([]string{"-c", `mount -t tmpfs -o ro none /sys/fs/cgroup && exec "$0" "$@"`, os.Args[0]}, u.args()...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	up := startCommand(t, cmd)
	if code := up.exit(); code == 0 {
		t.Error("exit code 0")
	}
	up.saysOnce("no writable cgroup")
	up.saysOnce("mount cgroup2 at /sys/fs/cgroup")
	u.nothingLeft()
}

// up is where a test starts platforms as programs, with one state folder.
type up struct {
	t         *testing.T
	portBase  int
	stateDir  string
	functions string
	// cgroup is this process's own: another test run may take a port base as
	// soon as we have left it, and the cgroup that goes by it.
	cgroup string
}

func newUp(t *testing.T) *up {
	t.Helper()
	needPrograms(t)
	folder := t.TempDir()
	openToAll(t, folder)
	u := &up{t: t, stateDir: filepath.Join(folder, "state"), functions: filepath.Join(folder, "functions")}
	if err := writeSamples(u.functions); err != nil {
		t.Fatal(err)
	}
	u.portBase = takeTestPorts(t)
	u.cgroup = fmt.Sprintf("minifaas-test-%d-%d", os.Getpid(), u.portBase)
	return u
}

// openToAll lets other users, as whom containers run, into a test's folder.
func openToAll(t *testing.T, folder string) {
	t.Helper()
	for dir := folder; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// start starts minifaas up; args come last, and so win.
func (u *up) start(args ...string) *program {
	u.t.Helper()
	return startProgram(u.t, append(u.args(), args...)...)
}

func (u *up) args() []string {
	return []string{"up", "--isolation=auto", "--nodes=1", "--max-nodes=1", "--functions=" + u.functions,
		"--state-dir=" + u.stateDir, "--cgroup-parent=" + u.cgroup, fmt.Sprintf("--port-base=%d", u.portBase)}
}

func (u *up) caller() caller {
	u.t.Helper()
	conn, err := rpc.Dial(fmt.Sprintf("127.0.0.1:%d", u.portBase+apiserverPort))
	if err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { conn.Close() })
	return caller{u.t, apiserverpb.NewAPIServerClient(conn)}
}

func (u *up) left() []string {
	return append(leftovers(u.stateDir, u.cgroup, u.portBase), mountsBelow(u.stateDir)...)
}

func (u *up) nothingLeft() {
	u.t.Helper()
	if left := u.left(); left != nil {
		u.t.Errorf("left behind: %v", left)
	}
}

func mountsBelow(folder string) []string {
	var found []string
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, folder) {
			found = append(found, "mount "+strings.TrimSpace(line))
		}
	}
	return found
}

// program is minifaas as a process of its own.
type program struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr *recorder
	ended          chan struct{}
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	return startCommand(t, exec.Command(os.Args[0], args...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	pr := &program{t: t, cmd: cmd, stdout: &recorder{to: io.Discard}, stderr: &recorder{to: testOutput{t}}, ended: make(chan struct{})}
	pr.cmd.Stdout, pr.cmd.Stderr = pr.stdout, pr.stderr
	if err := pr.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = pr.cmd.Wait()
		close(pr.ended)
	}()
	t.Cleanup(func() {
		_ = pr.cmd.Process.Kill()
		<-pr.ended
	})
	return pr
}

func (pr *program) signal(s syscall.Signal) {
	if err := pr.cmd.Process.Signal(s); err != nil {
		pr.t.Errorf("signal: %v", err)
	}
}

// exit waits for the end and returns the exit code.
func (pr *program) exit() int {
	pr.t.Helper()
	select {
	case <-pr.ended:
	case <-time.After(3 * slowest):
		pr.t.Fatal("the program does not end")
	}
	return pr.cmd.ProcessState.ExitCode()
}

// says waits until the program has said something.
func (pr *program) says(text string) {
	pr.t.Helper()
	eventually(pr.t, fmt.Sprintf("%q", text), func() bool {
		select {
		case <-pr.ended:
			pr.t.Fatalf("the program ended and never said %q", text)
		default:
		}
		return strings.Contains(pr.stderr.String(), text)
	})
}

// saysOnce: a program that has ended has said it, and has not repeated itself.
func (pr *program) saysOnce(text string) {
	pr.t.Helper()
	if n := strings.Count(pr.stderr.String(), text); n != 1 {
		pr.t.Errorf("it said %q %d times, want once:\n%s", text, n, pr.stderr)
	}
}
