package linux

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

func TestInterpreterNotNeeded(t *testing.T) {
	for _, runtime := range []string{function.Binary, function.Native, function.Custom, function.Wasm} {
		if got, err := findInterpreter(runtime, ""); err != nil || got != (interpreter{}) {
			t.Errorf("%s: %+v, %v, want none", runtime, got, err)
		}
	}
}

func TestInterpreterMissing(t *testing.T) {
	withoutNode(t)
	_, err := findInterpreter(function.NodeJS, "/nowhere/bin:relative")
	if !errors.Is(err, sandbox.ErrUnsupported) {
		t.Fatalf("%v, want ErrUnsupported", err)
	}
	for _, part := range []string{"nodejs", "/usr/bin/no-node", "/usr/local/bin/no-node", "/nowhere/bin/no-node"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
}

// withoutNode makes a host for this test that has no Node.js.
func withoutNode(t *testing.T) {
	t.Helper()
	there := interpreters[function.NodeJS]
	interpreters[function.NodeJS] = "no-node"
	t.Cleanup(func() { interpreters[function.NodeJS] = there })
}

// TestSimulatedFunctionDoesNotRun: what to do about it is in the error.
func TestSimulatedFunctionDoesNotRun(t *testing.T) {
	_, err := findInterpreter(function.Simulated, "")
	if !errors.Is(err, sandbox.ErrUnsupported) || !strings.Contains(err.Error(), "--simulated") {
		t.Errorf("%v, want ErrUnsupported with what to do", err)
	}
}

// TestInterpreterCovered: one that a sandbox would not see is none.
func TestInterpreterCovered(t *testing.T) {
	withoutNode(t)
	dir := filepath.Dir(sandboxtest.StateDir(t))
	if !below(dir, "/tmp") {
		t.Skip("temporary files are not below /tmp here")
	}
	program, err := os.ReadFile(sandboxtest.Build(t).Agent)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "no-node"), string(program), 0o755)
	got, err := findInterpreter(function.NodeJS, dir)
	if !errors.Is(err, sandbox.ErrUnsupported) || !strings.Contains(err.Error(), "below /tmp, of which every sandbox has its own") {
		t.Errorf("%+v, %v, want ErrUnsupported with what to do", got, err)
	}
}

// TestRunnable: a shim or a program that others cannot reach is passed over.
func TestRunnable(t *testing.T) {
	dir := filepath.Dir(sandboxtest.StateDir(t))
	program, err := os.ReadFile(sandboxtest.Build(t).Agent)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "shim"), "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(dir, "closed"), string(program), 0o700)
	write(t, filepath.Join(dir, "opt/bin/open"), string(program), 0o755)
	for _, folder := range []string{"opt", "opt/bin"} {
		if err := os.Chmod(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("opt/bin/open", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"shim": false, "closed": false, "opt/bin/open": true, "link": true, "nothing": false} {
		if _, got := runnable(filepath.Join(dir, name)); got != want {
			t.Errorf("runnable(%s) = %v, want %v", name, got, want)
		}
	}
	real, _ := runnable(filepath.Join(dir, "link"))
	if got, want := prefix(real), filepath.Join(dir, "opt"); got != want {
		t.Errorf("prefix %s, want %s", got, want)
	}
	if got := prefix("/usr/bin/python3.11"); got != "" {
		t.Errorf("prefix of a system program %q, want none", got)
	}
}
