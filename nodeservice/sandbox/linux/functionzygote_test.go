package linux

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// snapshotted is a function whose containers begin from an initialised state.
func snapshotted(t testing.TB, code string) function.Function {
	t.Helper()
	f := script(t, "snap", function.Python3, "main.py", code)
	f.Snapshot = true
	return f
}

// ofFunction makes a container whose worker the function's own zygote has forked; the
// first one has the zygote started.
func ofFunction(t testing.TB, r *Runtime, id string, f function.Function) *container {
	t.Helper()
	spec := sandbox.Spec{ID: id, Function: f, Memory: 128 << 20}
	one := r.awaitFunctionZygote(t, spec)
	if one == nil {
		t.Fatal("the function has no zygote")
	}
	made, err := r.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	c := made.(*container)
	if c.fork.zygote != one || c.phases.NoSnapshot != "" || c.broken == nil && len(descendants(c.agent.process.Pid)) == 0 {
		t.Fatalf("the container's worker is not a fork of the function's zygote: %v", c.phases)
	}
	return c
}

// awaitFunctionZygote asks for the function's zygote, as a first container does, and returns
// it when it is ready; nil is one that could not be started.
func (r *Runtime) awaitFunctionZygote(t testing.TB, spec sandbox.Spec) *zygote {
	t.Helper()
	program, err := findInterpreter(spec.Function.Runtime, os.Getenv("PATH"))
	if err != nil {
		t.Skip(err)
	}
	b, _ := breedOfFunction(spec, program)
	r.zygotes.take(spec, program)
	for t.Context().Err() == nil {
		r.zygotes.mu.Lock()
		one, failed := r.zygotes.find(b, ""), !r.zygotes.interest(b).failed.IsZero()
		r.zygotes.mu.Unlock()
		if one != nil || failed {
			return one
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the function's zygote does not come")
	return nil
}

// TestPoolHoldsForks: workers of a function's zygote wait in sandboxes, and are that function's alone.
func TestPoolHoldsForks(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "import time\nbegun = time.monotonic_ns()\ndef handler(e, c): return str(begun)\n")
	first := ofFunction(t, r, "c1", f)
	for r.waiting(kind{runtime: function.Python3, zygote: first.fork.zygote}) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("no worker waits in a sandbox")
		}
		time.Sleep(time.Millisecond)
	}
	other := ofFunction(t, r, "c2", ownedBy("b", f))
	next := ofFunction(t, r, "c3", f)
	if !next.phases.Pooled || answer(t, next) != answer(t, first) || answer(t, other) == answer(t, first) {
		t.Errorf("the next container came out of the pool: %v; it began at %s, the first at %s, another tenant's at %s",
			next.phases.Pooled, answer(t, next), answer(t, first), answer(t, other))
	}
}

// TestFunctionZygote: initialisation runs once, the hook in every container, and what is
// random differs.
func TestFunctionZygote(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "import os, random, ssl, sys, threading, time, types, uuid\n"+
		"numbers = types.SimpleNamespace(seeds=0)\n"+ // in place of a library that may not be there
		"def seed(): numbers.seeds += 1\n"+
		"numbers.seed = seed\n"+
		"sys.modules['numpy.random'] = numbers\n"+
		"begun, restored = time.monotonic_ns(), 0\n"+
		"os.environ['SET'] = 'by init'\n"+
		"def after_restore():\n  global restored\n  restored += 1\n"+
		"def handler(e, c): return f\"{begun} {restored} {os.environ['SET']} {os.environ['GIVEN']} {c.memory_limit_mb} {random.random()} {uuid.uuid4()} {ssl.RAND_bytes(8).hex()} {numbers.seeds} {os.environ.get('MINIFAAS_PROCESS')} {os.getuid()} {os.getcwd()}\"\n")
	f.Environment = map[string]string{"GIVEN": "value"}
	first, err := r.Create(t.Context(), sandbox.Spec{ID: "c0", Function: f, Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	said := []string{answer(t, first.(*container))}
	for i := range 3 {
		said = append(said, answer(t, ofFunction(t, r, fmt.Sprint("c", i+1), f)))
	}
	seen := map[string]bool{}
	for i, line := range said {
		words := strings.Fields(line)
		if got := strings.Join(words[1:6], " "); got != "1 by init value 128" {
			t.Errorf("container %d: %s", i, line)
		}
		if got := strings.Join(words[len(words)-2:], " "); got != "0 "+codeFolder {
			t.Errorf("container %d is of user and in folder %s", i, got)
		}
		if got := words[9]; got != strconv.Itoa(min(i, 1)) {
			t.Errorf("container %d: numpy.random was seeded anew %s times", i, got)
		}
		if got := words[10]; i > 0 && got != "None" {
			t.Errorf("container %d has the mark of its zygote's agent", i)
		}
		for _, random := range words[6:9] {
			if seen[random] {
				t.Errorf("random values repeat: %q", said)
			}
			seen[random] = true
		}
		if same := words[0] == strings.Fields(said[1])[0]; same != (i > 0) {
			t.Errorf("container %d began at %s, the second one at %s", i, words[0], said[1])
		}
	}
}
