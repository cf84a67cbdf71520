package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// A function with a start of 2 s, 100 MiB and three calls while the clock was at
// 1000: the priorities are those of FaasCache's formulas, in microseconds (by
// MiB) over the clock.
func TestGreedyDualPriority(t *testing.T) {
	for _, c := range []struct {
		name string
		want int64
	}{
		{"greedy-dual", 1000 + 3*2_000_000/100},
		{"greedy-dual-freq", 1000 + 3*2_000_000},
		{"greedy-dual-size", 1000 + 3*1_000_000/100},
		{"landlord", 1000 + 2_000_000/100},
	} {
		g := newSuite[*greedyDual](t, c.name)
		f, box := function(100*megabyte), &engine.ContainerView{Size: engine.Size{Memory: 100 * megabyte}, Uses: 2}
		g.Evicted(0, &engine.FunctionView{Index: 1}, box, 1000)
		g.Arrived(0, f)
		g.Started(0, f, box, 2*time.Second)
		f.Ready = 2
		g.Arrived(0, f)
		g.Arrived(0, f)
		if got, ok := g.Evict(0, f, box, &engine.FunctionView{Pool: &engine.PoolView{Exhausted: true}}); got != c.want || !ok {
			t.Errorf("%s: priority %d, %v; want %d", c.name, got, ok, c.want)
		}
		if _, ok := g.Evict(0, f, box, &engine.FunctionView{Pool: &engine.PoolView{}}); ok {
			t.Errorf("%s: evicts though a node may be had", c.name)
		}
	}
}

// The calls of a container that goes are forgotten, all of them with the last
// one; and the clock never goes back.
func TestGreedyDualForgets(t *testing.T) {
	g := newSuite[*greedyDual](t, "greedy-dual-size")
	f, box := function(megabyte), &engine.ContainerView{Size: engine.Size{Memory: megabyte}, Uses: 3}
	f.Ready = 2
	for range 5 {
		g.Arrived(0, f)
	}
	g.Evicted(0, f, box, 70)
	g.Evicted(0, f, &engine.ContainerView{}, 60)
	if l := g.functions.of(f); l.uses != 2 || g.clock != 70 {
		t.Errorf("%d uses, clock %d; want 2 of 5, and 70", l.uses, g.clock)
	}
	f.Ready = 0
	g.Arrived(0, f)
	if got := g.functions.of(f).uses; got != 1 {
		t.Errorf("%d uses of a function new to the cache, want 1", got)
	}
}

// CIP divides by the containers of the function: with two of them each is worth half.
func TestCidrePriority(t *testing.T) {
	p := newSuite[*cidre](t, "cidre")
	f, box := function(100*megabyte), &engine.ContainerView{Size: engine.Size{Memory: 100 * megabyte}}
	p.Arrived(0, f)
	p.Started(0, f, box, 2*time.Second)
	for ready, want := range map[int]int64{1: 20_000, 2: 10_000, 4: 5_000} {
		f.Ready = ready
		if got, _ := p.Evict(0, f, box, &engine.FunctionView{Pool: &engine.PoolView{}}); got != want {
			t.Errorf("priority %d with %d containers, want %d", got, ready, want)
		}
	}
}

// Lots differ from call to call, and not from question to question.
func TestRandomEvictionDraws(t *testing.T) {
	p := newSuite[randomEviction](t, "random-eviction")
	drawn := make(map[int64]bool)
	for serial := range uint64(30) {
		for uses := range 30 {
			c := &engine.ContainerView{Serial: serial, Uses: uses}
			rank, _ := p.Evict(0, nil, c, &engine.FunctionView{Pool: &engine.PoolView{}})
			again, _ := p.Evict(99, nil, c, &engine.FunctionView{Pool: &engine.PoolView{}})
			if rank != again || rank < 0 {
				t.Fatalf("lots %d and %d of one container", rank, again)
			}
			drawn[rank] = true
		}
	}
	if len(drawn) != 900 {
		t.Errorf("%d lots of 900 differ", len(drawn))
	}
}
