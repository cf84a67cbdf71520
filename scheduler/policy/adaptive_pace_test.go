package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Starts that take no longer than the fastest raise the pace by one a round; half
// a round of slow ones lowers it by a quarter.
func TestPace(t *testing.T) {
	p := pace{limit: 8}
	starts := func(n int, took time.Duration) {
		for range n {
			p.started(took, 100*ms)
		}
	}
	for _, c := range []struct {
		name string
		n    int
		took time.Duration
		want int
	}{
		{"not all of a round", 7, 100 * ms, 8},
		{"all of it", 1, 200 * ms, 9},
		{"three slow ones", 3, 300 * ms, 9},
		{"four", 1, 300 * ms, 6},
		{"never less than one", 100, 300 * ms, leastPace},
		{"never more than so many", 10_000, 100 * ms, mostPace},
	} {
		if starts(c.n, c.took); p.limit != c.want {
			t.Errorf("%s: %d at once, want %d", c.name, p.limit, c.want)
		}
	}
}

// The pace holds for each node: with no node yet, as for one.
func TestPaceOfAllNodes(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{})
	for nodes, want := range []int{firstPace, firstPace, 2 * firstPace, 3 * firstPace} {
		if got := a.Pace(&engine.PoolView{Nodes: nodes}); got != want {
			t.Errorf("%d nodes: %d creations at once, want %d", nodes, got, want)
		}
	}
}

// A request is refused early only when no container can be there in time: half of
// the fastest start seen, and never while one is there or under way.
func TestEarlyRefusalIsSafe(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
	if got := a.Wait(0, f, f.Pool); got != 0 {
		t.Errorf("unknown: waits %v at least, want 0", got)
	}
	a.Started(0, f, &engine.ContainerView{}, time.Second)
	a.Started(0, f, &engine.ContainerView{}, 400*ms)
	a.Started(0, f, &engine.ContainerView{}, time.Second)
	if got := a.Wait(0, f, f.Pool); got <= 0 || got > 400*ms {
		t.Errorf("waits %v at least, want something, but no more than the fastest start", got)
	}
	for _, busy := range []engine.FunctionView{{Ready: 1, Spec: f.Spec}, {Creating: 1, Spec: f.Spec}} {
		if got := a.Wait(0, &busy, f.Pool); got != 0 {
			t.Errorf("with %d containers and %d under way: waits %v at least, want 0", busy.Ready, busy.Creating, got)
		}
	}
}
