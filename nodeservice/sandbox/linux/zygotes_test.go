package linux

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// age makes the zygotes, and the interest in them, older.
func (z *zygotes) age(by time.Duration) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, one := range z.alive {
		one.used = one.used.Add(-by)
	}
	for _, i := range z.breeds {
		i.last = i.last.Add(-by)
	}
	poke(z.wake)
}

func (z *zygotes) count() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.alive)
}

// TestZygotesLeaveNothing: those that nobody has used for long end, and nothing of
// them is left, nor of the workers that they have forked.
func TestZygotesLeaveNothing(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")
	id := 0
	held := func() (files, goroutines int) {
		for _, account := range []string{"a", "b"} {
			id++
			c := forked(t, r, fmt.Sprint("c", id), ownedBy(account, f))
			answer(t, c)
			if err := c.Kill(); err != nil {
				t.Error(err)
			}
		}
		r.pool.mu.Lock()
		for _, s := range r.pool.shelves {
			s.demand = demand{}
		}
		r.pool.mu.Unlock()
		poke(r.pool.wake)
		for r.zygotes.age(2 * forgotten); r.zygotes.count()+len(r.alive()) > 0; time.Sleep(time.Millisecond) {
			if t.Context().Err() != nil {
				t.Fatal("the zygotes do not end")
			}
			r.zygotes.age(2 * forgotten) // one may have been on its way
		}
		r.networks.close() // which are kept for others
		runtime.GC()       // files that nobody holds any more
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open), runtime.NumGoroutine()
	}
	files, goroutines := held()
	for deadline := time.Now().Add(20 * time.Second); ; {
		f, g := held()
		if f <= files && g <= goroutines {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d open files and %d goroutines, want %d and %d as before", f, g, files, goroutines)
		}
	}
}

// TestPoolHoldsWorkers: once a tenant has a zygote, its forks wait in sandboxes, for that
// tenant alone and for as long as the zygote lives.
func TestPoolHoldsWorkers(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return str(hash('x'))\n")
	first := forked(t, r, "c1", ownedBy("a", f))
	wait := func() {
		for r.Ready()[function.Python3] == 0 {
			if t.Context().Err() != nil {
				t.Fatal("no worker waits in a sandbox")
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait()
	if other := forked(t, r, "c2", ownedBy("b", f)); other.fork.zygote == first.fork.zygote || answer(t, other) == answer(t, first) {
		t.Error("another tenant has got the worker")
	}
	wait()
	next, err := r.Create(t.Context(), sandbox.Spec{ID: "c3", Function: ownedBy("a", f), Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c := next.(*container)
	if !c.phases.Pooled || c.phases.Sandbox != function.Python3 || answer(t, c) != answer(t, first) {
		t.Errorf("the next container came out of the pool: %v, of %s; its hash secret is that of the zygote: %v",
			c.phases.Pooled, c.phases.Sandbox, answer(t, c) == answer(t, first))
	}
	wait()
	r.zygotes.distrust(first.fork.zygote, errNoWorker)
	r.zygotes.distrust(forked(t, r, "c4", ownedBy("b", f)).fork.zygote, errNoWorker)
	for r.Ready()[function.Python3] > 0 {
		if t.Context().Err() != nil {
			t.Fatal("workers of zygotes that have ended still wait")
		}
		poke(r.pool.wake)
		time.Sleep(time.Millisecond)
	}
}

// TestDismissedZygoteNotBlamed: a fork that came to nothing since its zygote was ended on purpose
// does not keep the breed from having another.
func TestDismissedZygoteNotBlamed(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")
	first := forked(t, r, "c1", f).fork.zygote
	for r.zygotes.age(2 * forgotten); !first.dead(); time.Sleep(time.Millisecond) {
		if t.Context().Err() != nil {
			t.Fatal("the zygote does not end")
		}
	}
	r.zygotes.distrust(first, errNoWorker)
	if next := forked(t, r, "c2", f).fork.zygote; next == first {
		t.Error("the next container is a fork of the zygote that has ended")
	}
}

// TestZygotesBudget: where there is memory for one only, that which is used stays, and
// makes room when it is not used any more.
func TestZygotesBudget(t *testing.T) {
	r := newPooledRuntime(t, func(c *Config) { c.ReadyShare = 1.5 / zygoteShare * zygoteHolds / float64(c.Memory) })
	f := script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")
	first := forked(t, r, "c1", f).fork.zygote
	f.Preload = []string{"colorsys"}
	r.zygotes.expect([]function.Function{f})
	if c := forked(t, r, "c2", withoutPreload(f)); c.fork.zygote != first {
		t.Error("the tenant has got another zygote")
	}
	if n := r.zygotes.count(); n != 1 {
		t.Errorf("%d zygotes, want 1", n)
	}
	r.zygotes.age(2 * keptAfter)
	forked(t, r, "c3", f)
	if !first.dead() || r.zygotes.count() != 1 {
		t.Errorf("the first one is dead: %v; %d are alive, want 1", first.dead(), r.zygotes.count())
	}
}

func withoutPreload(f function.Function) function.Function {
	f.Preload = nil
	return f
}
