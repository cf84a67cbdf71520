package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// waiting is a function one request of which has waited for so long.
func waiting(a *Adaptive, index int, took, waited time.Duration) *engine.FunctionView {
	f := indexed(index, 256*megabyte)
	serve(a, f, 8, took)
	f.Waiting, f.OldestWait = 1, at(old).Add(-waited)
	return f
}

// Urgent is what has waited for long, and what is short.
func TestUrgency(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{})
	fresh, stale, long := waiting(a, 0, 100*ms, 0), waiting(a, 1, 100*ms, 20*time.Second), waiting(a, 2, 10*time.Second, 0)
	now := at(old)
	if a.Urgency(now, stale) >= a.Urgency(now, fresh) {
		t.Errorf("a request that waits for 20 s comes after one that has just come: %d, %d", a.Urgency(now, stale), a.Urgency(now, fresh))
	}
	if a.Urgency(now, fresh) >= a.Urgency(now, long) {
		t.Errorf("a call of 100 ms comes after one of 10 s: %d, %d", a.Urgency(now, fresh), a.Urgency(now, long))
	}
	if later := now.Add(time.Hour); a.Urgency(later, long) >= a.Urgency(now, fresh) {
		t.Error("a long call comes after short ones however long it waits")
	}
}

// What goes first is worth least: it is wanted rarely, or cheap to make again.
func TestEvictionRank(t *testing.T) {
	now := at(old)
	rank := func(a *Adaptive, f *engine.FunctionView, since time.Duration) int64 {
		r, _ := a.Evict(now, f, idle(now, since), nil)
		return r
	}
	pair := func(cfg AdaptiveConfig) (*Adaptive, *engine.FunctionView, *engine.FunctionView) {
		a, often, rarely := newAdaptive(t, cfg), indexed(0, 256*megabyte), indexed(1, 256*megabyte)
		serve(a, often, 8, 100*ms)
		serve(a, rarely, 8, 100*ms)
		reused(a, often, 20, 5*time.Second)
		reused(a, rarely, 20, 50*time.Second)
		return a, often, rarely
	}
	a, often, rarely := pair(AdaptiveConfig{})
	if rank(a, often, time.Second) <= rank(a, rarely, time.Second) {
		t.Error("what is wanted every 5 s goes before what is wanted every 50 s")
	}
	if rank(a, often, 20*time.Second) >= rank(a, often, time.Second) {
		t.Error("what is wanted every 5 s is worth no less when it has been idle for 20 s")
	}
	a.Evicted(now, often, idle(now, 20*time.Second), 0)
	if rank(a, often, time.Second) != rank(a, often, 10*time.Second) {
		t.Error("of two younger than those that were evicted, the one used later is worth more")
	}
	a, often, rarely = pair(AdaptiveConfig{Without: Ranking})
	if rank(a, often, 2*time.Second) >= rank(a, rarely, time.Second) {
		t.Error("without ranking, the longest idle does not go first")
	}
}

// A container goes for what is more urgent than it is worth, when no node can be
// had; and for anything in the second half of its keep-alive.
func TestEvictsForWhatIsMoreUrgent(t *testing.T) {
	now := at(old)
	for _, c := range []struct {
		name      string
		cfg       AdaptiveConfig
		took      time.Duration // by the one that waits
		waited    time.Duration
		exhausted bool
		idle      time.Duration
		want      bool
	}{
		{"urgent", AdaptiveConfig{}, ms, 0, true, time.Second, true},
		{"urgent, but there are nodes", AdaptiveConfig{}, ms, 0, false, time.Second, false},
		{"not urgent", AdaptiveConfig{}, 1000 * time.Second, 0, true, time.Second, false},
		{"not urgent, but not worth much", AdaptiveConfig{}, 1000 * time.Second, 0, true, 9 * time.Second, true},
		{"not urgent at first", AdaptiveConfig{}, 1000 * time.Second, 24 * time.Hour, true, time.Second, true},
		{"nothing is ranked", AdaptiveConfig{Without: Ranking}, 1000 * time.Second, 0, true, time.Second, true},
	} {
		a, f := newAdaptive(t, c.cfg), indexed(0, 256*megabyte)
		serve(a, f, 8, 100*ms)
		reused(a, f, 20, 6*time.Second)
		wanted := waiting(a, 1, c.took, c.waited)
		wanted.Pool.Exhausted = c.exhausted
		if _, got := a.Evict(now, f, idle(now, c.idle), wanted); got != c.want {
			t.Errorf("%s: goes %v, want %v", c.name, got, c.want)
		}
	}
}

// With room for one container, a call of another function gets it, and nobody is
// refused however often they take turns.
func TestEvictionMakesRoom(t *testing.T) {
	s := newStand(t, AdaptiveConfig{}, 1)
	s.node = 512 * megabyte
	for i := range 40 {
		s.call(time.Duration(i)*3*time.Second, []string{"f", "g"}[i%2], 512*megabyte, sleeps(100*ms, 480*megabyte))
	}
	s.run(3 * time.Minute)
	if c := s.e.Status().Counters; c.Returned != 40 || s.waited["f"]+s.waited["g"] > 40*time.Second {
		t.Errorf("%d of 40 calls served, having waited %v", c.Returned, s.waited)
	}
}
