package wasm

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// modules is the folder of what the tests have built.
var modules string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wasm-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	modules = dir
	return m.Run()
}

// builds are the commands that build the modules, by file.
var builds = map[string]*build{
	"command.wasm": goBuild("command"),
	"alien.wasm":   goBuild("alien"),
	"reactor.wasm": goBuild("reactor", "-buildmode=c-shared"),
	"c.wasm":       {program: "clang", args: []string{"--target=wasm32-wasi", "-O2", "testdata/command.c"}},
	"c-reactor.wasm": {program: "clang", args: []string{"--target=wasm32-wasi", "-O2", "-mexec-model=reactor",
		"-Wl,--export=malloc", "testdata/reactor.c"}},
	"snapshot.wasm": {program: "clang", args: []string{"--target=wasm32-wasi", "-O2", "-mexec-model=reactor",
		"-Wl,--export=malloc", "testdata/snapshot.c"}},
}

type build struct {
	program string
	args    []string
	once    sync.Once
	err     error
}

func goBuild(folder string, flags ...string) *build {
	return &build{program: "go", args: append(append([]string{"build"}, flags...), "./testdata/"+folder)}
}

// built is a folder with that module, which is built once, and only what may be missing is skipped.
func built(t testing.TB, file string) string {
	t.Helper()
	b := builds[file]
	if b.program == "go" && testing.Short() {
		t.Skip("the module of a Go program takes long to compile, under the race detector above all")
	}
	if _, err := exec.LookPath(b.program); err != nil {
		t.Skipf("%s is not here (Debian: clang lld wasi-libc libclang-rt-dev-wasm32)", b.program)
	}
	b.once.Do(func() {
		args := b.args[:len(b.args)-1]
		args = append(args[:len(args):len(args)], "-o", filepath.Join(modules, file), b.args[len(b.args)-1])
		cmd := exec.Command(b.program, args...)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("build %s: %w\n%s", file, err, out)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return modules
}

// function is a function of that module.
func function(t testing.TB, file string) runtime.Function {
	return runtime.Function{
		Name:     "f",
		Handler:  file,
		CodeDir:  built(t, file),
		Memory:   128 << 20,
		LogLimit: 4096,
	}
}

// loaded are the modules that are compiled already: that of a Go program takes seconds.
var loaded sync.Map

// start loads a module for a function that must load.
func start(t testing.TB, f runtime.Function) *program {
	t.Helper()
	rt, _, err := Start(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rt.Close)
	return rt.(*program)
}

// shared is a function with that module, loaded once for all tests.
func shared(t testing.TB, file string) *program {
	t.Helper()
	f := function(t, file)
	load, _ := loaded.LoadOrStore(file, sync.OnceValues(func() (runtime.Runtime, error) {
		rt, _, err := Start(t.Context(), f)
		return rt, err
	}))
	rt, err := load.(func() (runtime.Runtime, error))()
	if err != nil {
		t.Fatal(err)
	}
	return rt.(*program)
}

// long is a timeout that no test reaches.
const long = time.Minute

func (p *program) invoke(t testing.TB, event string) runtime.Result {
	t.Helper()
	r, err := p.Invoke(t.Context(), runtime.Call{RequestID: "r1", Event: []byte(event), Timeout: long})
	if err != nil {
		t.Fatal(err)
	}
	if r.PeakMemory <= 0 || r.Duration <= 0 || r.Lost {
		t.Errorf("got %+v", r)
	}
	return r
}

// answers checks that an invocation succeeds with a body.
func (p *program) answers(t testing.TB, event, want string) {
	t.Helper()
	if r := p.invoke(t, event); r.Error != nil || string(r.Body) != want {
		t.Errorf("event %.80q: got %.200q, error %+v, log %.300q; want %.200q", event, r.Body, r.Error, r.Log, want)
	}
}

// fails checks that an invocation fails for that reason.
func (p *program) fails(t testing.TB, event, code, kind, reason string) runtime.Result {
	t.Helper()
	r := p.invoke(t, event)
	wantFault(t, r.Error, code, kind, reason)
	if len(r.Body) > 0 {
		t.Errorf("a failure has the body %.100q", r.Body)
	}
	return r
}

func wantFault(t testing.TB, err error, code, kind, reason string) {
	t.Helper()
	fault, ok := errors.AsType[*runtime.Error](err)
	if !ok || fault == nil {
		t.Errorf("got %v, want an error of the function", err)
		return
	}
	if fault.Code != code || fault.Type != kind || !strings.Contains(fault.Message, reason) {
		t.Errorf("got %+v; want %s, %s: …%s…", fault, code, kind, reason)
	}
}
