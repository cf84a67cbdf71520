package containerservice_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
)

// bin holds the agent and the native functions, built once.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "agent-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	cmd := exec.Command("go", "build", "-o", dir+"/", "../cmd/containerservice-full", "./testdata/native", "./testdata/bootstrap",
		"../bench/functions/hello", "../bench/functions/load-native")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build agent: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// agent is an agent process without its jail, and a client of it.
type agent struct {
	*wire.Client
	cmd  *exec.Cmd
	conn net.Conn
}

// startAgent starts an agent, under a wrapping command if one is given.
func startAgent(t testing.TB, wrap ...string) *agent {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	spec, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer spec.Close()
	if _, err := w.Write(wire.EncodeSpec(&wire.SandboxSpec{Hostname: "test"})); err != nil {
		t.Fatal(err)
	}
	w.Close()

	args := slices.Concat(wrap, []string{filepath.Join(bin, "containerservice-full")})
	cmd := exec.Command(args[0], args[1:]...)
	cmd.ExtraFiles = []*os.File{spec, theirs}
	cmd.Env = append(os.Environ(), "MINIFAAS_AGENT_JAIL=off")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{wire.NewClient(conn), cmd, conn}
	t.Cleanup(func() { a.stop(t) })
	return a
}

// stop closes the connection, which must end the agent.
func (a *agent) stop(t testing.TB) {
	if a.conn == nil {
		return
	}
	a.conn.Close()
	a.conn = nil
	done := make(chan error, 1)
	go func() { done <- a.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("agent: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("agent does not end with its connection")
		_ = a.cmd.Process.Kill()
		<-done
	}
}

// function is a LoadRequest for code in a folder of its own: files by name.
func function(t testing.TB, runtime, handler string, files map[string]string) *wire.LoadRequest {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	req := &wire.LoadRequest{
		Runtime: runtime, Handler: handler, CodeDir: dir, FunctionName: "f", MemoryInBytes: 128 << 20,
	}
	switch runtime {
	case "python3":
		req.Interpreter = interpreter(t, "/usr/bin/python3")
	case "nodejs":
		req.Interpreter = interpreter(t, "/usr/bin/node")
	}
	return req
}

func interpreter(t testing.TB, path string) string {
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no interpreter: %v", err)
	}
	return path
}

// nativeFunction is testdata/native, which does what its event says.
func nativeFunction(t testing.TB) *wire.LoadRequest {
	req := function(t, "native", "native", nil)
	req.CodeDir = bin
	return req
}

// load starts an agent and loads a function that must load.
func load(t testing.TB, req *wire.LoadRequest) *agent {
	t.Helper()
	a := startAgent(t)
	reply, err := a.Load(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Error != nil {
		t.Fatalf("load: %v; log: %s", reply.Error, reply.FunctionLog)
	}
	return a
}

// invoke runs one invocation; the platform must not fail.
func (a *agent) invoke(t testing.TB, event string) *wire.InvokeReply {
	t.Helper()
	reply, err := a.Invoke(t.Context(), &wire.InvokeRequest{RequestID: "r1", Event: []byte(event)})
	if err != nil {
		t.Fatal(err)
	}
	if reply.MaxMemoryUsageInBytes <= 0 {
		t.Errorf("peak memory %d", reply.MaxMemoryUsageInBytes)
	}
	return reply
}

// answers checks that an invocation succeeds with a body.
func (a *agent) answers(t testing.TB, event, want string) *wire.InvokeReply {
	t.Helper()
	reply := a.invoke(t, event)
	if reply.Error != nil || string(reply.Body) != want {
		t.Errorf("event %.80q: got %.200q, error %v, log %.300q; want %.200q", event, reply.Body, reply.Error, reply.FunctionLog, want)
	}
	return reply
}

func cwd(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// gone checks that a process has ended.
func gone(t testing.TB, pid int) {
	t.Helper()
	if pid <= 0 || syscall.Kill(pid, 0) != syscall.ESRCH {
		t.Errorf("process %d is still there", pid)
	}
}
