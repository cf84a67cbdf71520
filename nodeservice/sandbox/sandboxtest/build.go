package sandboxtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
)

// Programs is where tests find what they run: the agent, and a folder with the function work.
type Programs struct {
	Agent, FullAgent string
	Work             string // the folder; the executable in it is probe, and as a module probe.wasm
}

// programsVariable names a folder with the programs built already, for test
// processes that cannot build: those of another user.
const programsVariable = "MINIFAAS_TEST_PROGRAMS"

var build = sync.OnceValues(buildPrograms)

// Build builds the programs, once in a process. Call Remove in TestMain.
func Build(t testing.TB) Programs {
	t.Helper()
	dir, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return Programs{Agent: filepath.Join(dir, "containerservice"), FullAgent: filepath.Join(dir, "containerservice-full"), Work: filepath.Join(dir, "work")}
}

// Environment is what a test process of another user needs to find the programs of this one.
func (p Programs) Environment() string { return programsVariable + "=" + filepath.Dir(p.Agent) }

// Function is the function work.
func (p Programs) Function() function.Function {
	return function.Function{
		Name:    function.Name{Account: "test", Function: "work", Version: "1"},
		Runtime: function.Native,
		Handler: "probe",
		Code:    p.Work,
		Memory:  256 << 20,
		Timeout: time.Minute,
	}
}

// Module is the function work as a WebAssembly module. It is skipped where there
// is no compiler for it, in C: that of Go would make a module that takes seconds to compile.
func (p Programs) Module(t testing.TB) function.Function {
	t.Helper()
	f := p.Function()
	f.Runtime, f.Handler = function.Wasm, "probe.wasm"
	if _, err := os.Stat(filepath.Join(p.Work, f.Handler)); err != nil {
		t.Skip("no C compiler for WebAssembly (Debian: clang lld wasi-libc libclang-rt-dev-wasm32)")
	}
	return f
}

// Broken is a function whose code is not there.
func (p Programs) Broken() *function.Function {
	f := p.Function()
	f.Name.Function, f.Code = "broken", filepath.Join(p.Work, "nowhere")
	return &f
}

// Remove removes what Build has built.
func Remove() {
	if os.Getenv(programsVariable) != "" {
		return
	}
	if dir, err := build(); err == nil {
		_ = os.RemoveAll(dir)
	}
}

// StateDir is a new folder that every user can enter, which t.TempDir is not. It is removed with the test.
func StateDir(t testing.TB) string {
	t.Helper()
	dir, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "state")
}

func newFolder() (string, error) {
	dir, err := os.MkdirTemp("", "minifaas-test-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func buildPrograms() (string, error) {
	if dir := os.Getenv(programsVariable); dir != "" {
		return dir, nil
	}
	dir, err := newFolder()
	if err != nil {
		return "", err
	}
	_, here, _, _ := runtime.Caller(0)
	for output, pkg := range map[string]string{
		"containerservice":      "../../../cmd/containerservice",
		"containerservice-full": "../../../cmd/containerservice-full",
		"work/probe":            "./testdata/probe",
	} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, output), pkg)
		cmd.Dir = filepath.Dir(here)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", pkg, err, said)
		}
	}
	clang, err := exec.LookPath("clang")
	if err != nil {
		return dir, nil
	}
	cmd := exec.Command(clang, "--target=wasm32-wasi", "-O2", "-o", filepath.Join(dir, "work/probe.wasm"), "testdata/probe.c")
	cmd.Dir = filepath.Dir(here)
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build probe.wasm: %w\n%s", err, said)
	}
	return dir, nil
}
