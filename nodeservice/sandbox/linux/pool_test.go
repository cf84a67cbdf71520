package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// newPooledRuntime has a pool, which it takes root to have.
func newPooledRuntime(t *testing.T, change func(*Config)) *Runtime {
	t.Helper()
	r := newRuntime(t, func(c *Config) {
		c.Ready = 1
		if change != nil {
			change(c)
		}
	})
	if r.pool == nil {
		t.Skip("no pool without root and namespaces")
	}
	return r
}

// script is a function in Python or JavaScript.
func script(t testing.TB, name, runtime, file, code string) function.Function {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	return function.Function{
		Name:    function.Name{Account: "default", Function: name, Version: "1"},
		Runtime: runtime, Handler: strings.TrimSuffix(file, filepath.Ext(file)) + ".handler", Code: dir, Memory: 128 << 20,
	}
}

func answer(t *testing.T, c sandbox.Container) string {
	t.Helper()
	r, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute})
	if err != nil || r.Error != nil {
		t.Fatalf("invoke: %v, %+v", err, r.Error)
	}
	return string(r.Body)
}

// TestPoolIsRefilled: every container comes out of a sandbox of its own, which is
// called by the name that was asked for, and another one takes its place.
func TestPoolIsRefilled(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "import os\ndef handler(e, c):\n  return os.uname().nodename\n")
	for i := range 3 {
		spec := sandbox.Spec{ID: fmt.Sprint("c", i), Function: f, Memory: 128 << 20}
		r.fillPool(t.Context(), spec)
		c, err := r.Create(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if host := answer(t, c); host != spec.ID || !c.(*container).phases.Pooled {
			t.Errorf("container %d, out of the pool: %v, is called %s", i, c.(*container).phases.Pooled, host)
		}
		if _, err := r.Create(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("the same id again: %v", err)
		}
		if err := c.Kill(); err != nil {
			t.Error(err)
		}
	}
}

// TestPoolKeepsTheFunctionsLimits: the container has the memory that was asked for, not the pool's.
func TestPoolKeepsTheFunctionsLimits(t *testing.T) {
	r := newPooledRuntime(t, nil)
	if r.host == nil || !r.host.Limited("memory") {
		t.Skip("no memory cgroup")
	}
	spec := sandbox.Spec{ID: "c", Function: sandboxtest.Build(t).Function(), Memory: 64 << 20}
	r.fillPool(t.Context(), spec)
	c := enterContainer(t, r, "c", 64<<20)
	_, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte(`{"touch_mb":100}`), Timeout: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "it used more than its 64 MiB") {
		t.Errorf("100 MiB in a container of 64: %v", err)
	}
}

// TestPoolInterpreterIsNotShared: what waits has run nobody's code, so two tenants' functions
// find different hash secrets and random numbers, and neither finds the other's files.
func TestPoolInterpreterIsNotShared(t *testing.T) {
	r := newPooledRuntime(t, nil)
	code := "import os, random\ndef handler(e, c):\n  open('/tmp/mine', 'x')\n  return f\"{hash('x')} {random.random()} {os.listdir('/var/task')} {os.environ['WHO']}\"\n"
	var answers []string
	for _, name := range []string{"a", "b"} {
		f := ownedBy(name, script(t, name, function.Python3, name+".py", code))
		f.Environment = map[string]string{"WHO": name}
		spec := sandbox.Spec{ID: name, Function: f, Memory: 128 << 20}
		r.fillPool(t.Context(), spec)
		c, err := r.Create(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer(t, c))
	}
	a, b := strings.Fields(answers[0]), strings.Fields(answers[1])
	if a[0] == b[0] || a[1] == b[1] || a[2] != "['a.py']" || b[2] != "['b.py']" || a[3] != "a" || b[3] != "b" {
		t.Errorf("two functions found %q", answers)
	}
}

// TestPoolHeedsStartVariables: what an interpreter reads when it starts takes another one.
func TestPoolHeedsStartVariables(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c):\n  return str(hash('x'))\n")
	f.Environment = map[string]string{"PYTHONHASHSEED": "7"}
	var hashes []string
	for i := range 2 {
		spec := sandbox.Spec{ID: fmt.Sprint("c", i), Function: f, Memory: 128 << 20}
		r.fillPool(t.Context(), spec)
		c, err := r.Create(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, answer(t, c))
	}
	if hashes[0] != hashes[1] {
		t.Errorf("hashes %s with one seed", hashes)
	}
}

// TestPoolReplacesTheDead: a sandbox that dies while it waits is nobody's loss.
func TestPoolReplacesTheDead(t *testing.T) {
	r := newPooledRuntime(t, nil)
	spec := sandbox.Spec{ID: "c", Function: sandboxtest.Build(t).Function(), Memory: 128 << 20}
	r.fillPool(t.Context(), spec)
	r.pool.mu.Lock()
	victim := r.pool.shelves[kind{}].ready[0]
	r.pool.mu.Unlock()
	victim.agent.kill()
	<-victim.gone
	c, err := r.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, c)
}

// TestPoolBudget: the kind that lacks most comes first, and the memory is bounded.
func TestPoolBudget(t *testing.T) {
	now := time.Unix(1000, 0)
	plain, node := kind{}, kind{runtime: function.NodeJS, memory: 128 << 20}
	p := &pool{runtime: &Runtime{}, least: 1, budget: 4*plain.holds() + 1, shelves: map[kind]*shelf{}}
	for range 3 {
		p.shelf(plain).taken(now)
	}
	p.shelf(node).taken(now)
	missing, surplus := p.look(now, 0)
	if missing == nil || *missing != plain || len(surplus) != 0 {
		t.Fatalf("missing %v, too much %v; want the plain one", missing, surplus)
	}
	alive := func() *container { return &container{done: make(chan struct{})} }
	p.shelf(plain).ready = []*container{alive(), alive(), alive()}
	if missing, _ := p.look(now, 0); missing != nil {
		t.Errorf("%v is made, beyond the budget", missing)
	}
	later := now.Add(time.Minute)
	oldest := p.shelf(plain).ready[0]
	if _, surplus := p.look(later, 0); !slices.Contains(surplus, oldest) {
		t.Errorf("%d go a minute later, want the oldest among them", len(surplus))
	}
	if _, surplus := p.look(now.Add(time.Hour), 0); len(surplus) == 0 || len(p.shelves) != 0 {
		t.Errorf("an hour later %d kinds are left: %s", len(p.shelves), cmp.Diff(map[kind]*shelf{}, p.shelves, cmp.AllowUnexported(kind{})))
	}
}

// TestPoolBudgetCountsMaking: what is being made beside the filler has its part of the memory.
func TestPoolBudgetCountsMaking(t *testing.T) {
	now := time.Unix(1000, 0)
	plain, other := kind{}, kind{full: true}
	p := &pool{runtime: &Runtime{}, least: 1, budget: plain.holds() + other.holds() - 1, shelves: map[kind]*shelf{}}
	p.shelf(plain).taken(now)
	p.shelf(other).taken(now)
	p.shelf(other).making = true
	if missing, _ := p.look(now, 0); missing != nil {
		t.Errorf("%v is made, beyond the budget", missing)
	}
	p.shelf(other).making = false
	if missing, _ := p.look(now, 0); missing == nil {
		t.Error("nothing is made, though there is room")
	}
}

// TestPoolLeavesNothing: when nothing is wanted any more, there are as many open
// files and threads of control as before.
func TestPoolLeavesNothing(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := sandboxtest.Build(t).Function()
	use := func(round int) {
		var callers sync.WaitGroup
		for i := range 8 {
			callers.Go(func() {
				c, err := r.Create(t.Context(), sandbox.Spec{ID: fmt.Sprintf("c%d-%d", round, i), Function: f, Memory: 128 << 20})
				if err != nil {
					t.Error(err)
					return
				}
				if err := c.Kill(); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
	}
	// held is what is open once the pool is empty and at rest.
	held := func() (files, goroutines int) {
		r.pool.mu.Lock()
		for _, s := range r.pool.shelves {
			s.demand = demand{}
		}
		poke(r.pool.wake)
		r.pool.mu.Unlock()
		for len(r.alive()) > 0 {
			time.Sleep(time.Millisecond)
		}
		r.networks.close() // which are kept for others
		runtime.GC()       // files that nobody holds any more
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open), runningGoroutines()
	}
	use(0)
	files, goroutines := held()
	for round := range 4 {
		use(round + 1)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		f, g := held()
		if f <= files && g <= goroutines {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d open files and %d goroutines, want %d and %d as before", f, g, files, goroutines)
		}
	}
}

// runningGoroutines are all but those that are kept for what is sent next, of which there are so many
// as were ever busy at once, up to a bound.
func runningGoroutines() (n int) {
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if !strings.Contains(stack, "(*Workers).work(") {
			n++
		}
	}
	return n
}

// TestPoolStaysOutside: code is mounted by a thread that enters the sandbox. None of
// ours stays there.
func TestPoolStaysOutside(t *testing.T) {
	r := newPooledRuntime(t, nil)
	spec := sandbox.Spec{Function: sandboxtest.Build(t).Function(), Memory: 128 << 20}
	for i := range 10 {
		spec.ID = fmt.Sprint("c", i)
		r.fillPool(t.Context(), spec)
		if _, err := r.Create(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	home, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	threads, err := filepath.Glob("/proc/self/task/*/ns/mnt")
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	eventually := time.Now().Add(10 * time.Second)
	for _, thread := range threads {
		for {
			at, err := os.Readlink(thread)
			if err != nil || at == home { // it has ended
				break
			}
			if time.Now().After(eventually) {
				t.Fatalf("%s is %s, want %s", thread, at, home)
			}
			time.Sleep(time.Millisecond)
		}
	}
}
