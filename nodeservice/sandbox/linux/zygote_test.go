package linux

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// forked makes a container whose worker a zygote has forked.
func forked(t *testing.T, r *Runtime, id string, f function.Function) *container {
	t.Helper()
	c := createFilled(t, r, id, f)
	if c.fork.zygote == nil {
		t.Fatal("the container's worker is not a zygote's fork")
	}
	return c
}

// createFilled makes a container when the pool and the zygotes are ready for it.
func createFilled(t *testing.T, r *Runtime, id string, f function.Function) *container {
	t.Helper()
	spec := sandbox.Spec{ID: id, Function: f, Memory: 128 << 20}
	r.fillPool(t.Context(), spec)
	c, err := r.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*container)
}

// testdata is a function in Python whose code is that file.
func testdata(t *testing.T, file string) function.Function {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return script(t, "work", function.Python3, "main.py", string(text))
}

func ownedBy(account string, f function.Function) function.Function {
	f.Name.Account = account
	return f
}

// TestConformanceZygote runs the suite in containers whose workers are forked.
func TestConformanceZygote(t *testing.T) {
	features := sandboxtest.Features{Work: testdata(t, "work.py"), Errors: true}
	broken := script(t, "broken", function.Python3, "main.py", "raise ValueError('broken')")
	features.Broken = &broken
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime {
		r := newPooledRuntime(t, nil)
		r.fillPool(t.Context(), sandbox.Spec{Function: features.Work, Memory: 256 << 20})
		return pooled{r}
	}, features)
}

// TestZygoteSecrets: two tenants find different hash secrets, one tenant's containers
// the same; all find different random numbers.
func TestZygoteSecrets(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "import random, tempfile, uuid\n"+
		"def handler(e, c):\n  return f\"{hash('x')} {random.random()} {uuid.uuid4()} {next(tempfile._get_candidate_names())}\"\n")
	f.Preload = []string{"random", "tempfile", "uuid"}
	var said [][]string
	for i, account := range []string{"a", "a", "b", "b"} {
		said = append(said, strings.Fields(answer(t, forked(t, r, fmt.Sprint("c", i), ownedBy(account, f)))))
	}
	if said[0][0] != said[1][0] || said[2][0] != said[3][0] || said[0][0] == said[2][0] {
		t.Errorf("hash secrets of a, a, b, b: %s", said)
	}
	for column := 1; column < 4; column++ {
		seen := map[string]bool{}
		for _, words := range said {
			seen[words[column]] = true
		}
		if len(seen) != len(said) {
			t.Errorf("random values repeat: %s", said)
		}
	}
}

// TestForkedIsAsConfined: a worker that was forked outside finds, has and may
// what one finds, has and may that was started inside.
func TestForkedIsAsConfined(t *testing.T) {
	t.Run("Tenant", func(t *testing.T) { wantAsConfined(t, testdata(t, "confinement.py"), forked) })
	t.Run("Function", func(t *testing.T) {
		f := testdata(t, "confinement.py")
		f.Snapshot = true
		wantAsConfined(t, f, func(t *testing.T, r *Runtime, id string, f function.Function) *container {
			return ofFunction(t, r, id, f)
		})
	})
}

func wantAsConfined(t *testing.T, f function.Function, make func(*testing.T, *Runtime, string, function.Function) *container) {
	find := func(c *container) (found map[string]any) {
		if err := json.Unmarshal([]byte(answer(t, c)), &found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	inside := make(t, newPooledRuntime(t, nil), "c1", f)
	plain, err := newRuntime(t, func(c *Config) { c.Ready = -1 }).Create(t.Context(), sandbox.Spec{ID: "c1", Function: f, Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	got, want := find(inside), find(plain.(*container))
	if f.Snapshot { // it has its zygote's filter, too
		want["status"].(map[string]any)["Seccomp_filters"] = got["status"].(map[string]any)["Seccomp_filters"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("started inside (-) and forked outside (+) differ:\n%s", diff)
	}
	for name, want := range map[string]string{"NoNewPrivs": "1", "Seccomp": "2", "CapPrm": "0000000000000000", "CapBnd": "0000000000000000"} {
		if got := got["status"].(map[string]any)[name]; got != want {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
	}

	// What the host sees of it.
	workers := descendants(inside.agent.process.Pid)
	if len(workers) != 1 {
		t.Fatalf("processes %v below the agent, want the worker", workers)
	}
	of := func(pid int, path string) string { return filepath.Join("/proc", fmt.Sprint(pid), path) }
	for _, namespace := range []string{"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "user", "uts"} {
		agents, _ := os.Readlink(of(inside.agent.process.Pid, "ns/"+namespace))
		workers, _ := os.Readlink(of(workers[0], "ns/"+namespace))
		if agents == "" || agents != workers {
			t.Errorf("%s namespace of the worker is %s, want %s", namespace, workers, agents)
		}
	}
	agents, _ := os.ReadFile(of(inside.agent.process.Pid, "cgroup"))
	cgroups, _ := os.ReadFile(of(workers[0], "cgroup"))
	if diff := cmp.Diff(string(agents), string(cgroups)); diff != "" {
		t.Errorf("cgroups of agent and worker differ: %s", diff)
	}
	if mounts, _ := os.ReadFile(of(workers[0], "mountinfo")); strings.Contains(string(mounts), inside.runtime.cfg.StateDir+" ") {
		t.Error("the worker sees the host's mounts")
	}
}

// TestZygoteDies: the next container is made without it, and then with another.
func TestZygoteDies(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")
	first := forked(t, r, "c1", f)
	spec := sandbox.Spec{ID: "c2", Function: f, Memory: 128 << 20}
	r.fillPool(t.Context(), spec)
	zygote := first.fork.zygote
	if err := syscall.Kill(zygote.process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// It dies while it is asked to fork.
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = zygote.process.Kill()
	}()
	c, err := r.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if got := answer(t, c.(*container)) + answer(t, first); got != "finefine" {
		t.Errorf("answers %q", got)
	}
	<-zygote.done
	answer(t, createFilled(t, r, "c3", f))
}

// TestPreloadIsThere: the modules are there before the function's own code, and are not its own.
func TestPreloadIsThere(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "import sys\nthere = 'wave' in sys.modules\ndef handler(e, c): return f\"{there} {sys.modules['wave'].__file__}\"\n")
	write(t, filepath.Join(f.Code, "wave.py"), "", 0o644)
	f.Preload = []string{"wave"}
	for i, create := range []func(*testing.T, *Runtime, string, function.Function) *container{forked, createFilled} {
		if got := answer(t, create(t, r, fmt.Sprint("c", i), f)); !strings.HasPrefix(got, "True ") || strings.Contains(got, codeFolder) {
			t.Errorf("preloaded: %s", got)
		}
		f.Environment = map[string]string{"PYTHONHASHSEED": "1"} // the second starts anew
	}
}

// TestPreloadFails: it is the function's error, with its reason.
func TestPreloadFails(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")
	f.Preload = []string{"json", "nowhere.at.all"}
	c := createFilled(t, r, "c1", f)
	result, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute})
	if err != nil || result.Error == nil || result.Error.Type != "ModuleNotFoundError" || !strings.Contains(result.Error.Message, "nowhere") {
		t.Errorf("%+v, %v, want an error of the function that names the module", result.Error, err)
	}
}
