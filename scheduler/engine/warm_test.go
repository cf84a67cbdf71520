package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// warm is an engine with so many containers on nodes of 20, ten a function,
// all of them idle, and the events of one call of each function.
func warm(tb testing.TB, policy string, containers int, cfg engine.Config) (*engine.Engine, []pair) {
	e := newEngineWith(tb, policy, cfg)
	now := engine.Instant(0)
	var pairs []pair
	for i := range containers {
		if i%20 == 0 {
			e.Step(now, &engine.Event{Kind: engine.NodeReady, Node: engine.NodeID(fmt.Sprint("n", i)), Capacity: 20 * 128 * mib}, nil)
		}
		node := engine.NodeID(fmt.Sprint("n", i/20*20))
		spec := engine.FunctionSpec{Name: fmt.Sprintf("account/function-%d@1", i/10), Memory: 128 * mib}
		e.Step(now, &engine.Event{Kind: engine.ContainerAdopted, Node: node, Container: engine.ContainerID(fmt.Sprint("container-", i)), Function: spec}, nil)
		if i%10 == 0 {
			spec.Name = strings.Clone(spec.Name) // a caller's is not ours
			id := engine.RequestID(fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", i))
			pairs = append(pairs, pair{
				acquire: engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i + 1), Request: id, Function: spec},
				back: engine.Event{
					Kind: engine.Return, Request: id, Outcome: engine.Outcome{Duration: time.Millisecond, MaxMemory: 10 * mib},
				},
			})
		}
	}
	return e, pairs
}

type pair struct{ acquire, back engine.Event }

// call acquires and returns a warm container.
func (p *pair) call(tb testing.TB, e *engine.Engine, now engine.Instant, out []engine.Action) []engine.Action {
	out = e.Step(now, &p.acquire, out[:0])
	if len(out) != 1 || out[0].Kind != engine.Grant {
		tb.Fatalf("no grant: %+v", out)
	}
	p.back.Container = out[0].Container
	return e.Step(now.Add(time.Microsecond), &p.back, out[:0])
}

func TestWarmCallAllocatesNothing(t *testing.T) {
	for _, policy := range []string{"adaptive", "baseline"} {
		e, pairs := warm(t, policy, 1000, engine.Config{Decisions: 100})
		out := make([]engine.Action, 0, 8)
		now, i := engine.Instant(0), 0
		call := func() {
			now++
			out = pairs[i%len(pairs)].call(t, e, now, out)
			i++
		}
		for range 3 * len(pairs) {
			call()
		}
		if n := testing.AllocsPerRun(10_000, call); n != 0 {
			t.Errorf("%s: %v allocations", policy, n)
		}
	}
}

// However much there is, a warm call looks at a handful of objects.
func TestWarmCallVisitsFew(t *testing.T) {
	for _, policy := range []string{"adaptive", "baseline"} {
		e, pairs := warm(t, policy, 20_000, engine.Config{})
		var out []engine.Action
		for i := range pairs {
			out = e.Step(engine.Instant(i), &pairs[i].acquire, out[:0])
			if e.Visited() > 4 {
				t.Fatalf("%s: %d objects visited", policy, e.Visited())
			}
		}
	}
}

// hot calls one function again and again, spread each in turn: with 100,000
// containers that is a function out of 10,000 on 5,000 nodes, none of which is in a cache.
func BenchmarkWarmCall(b *testing.B) { benchmarkWarmCall(b, 0) }

// With a record of each decision, as the live service keeps them.
func BenchmarkWarmCallRecorded(b *testing.B) { benchmarkWarmCall(b, 10_000) }

func benchmarkWarmCall(b *testing.B, decisions int) {
	for _, policy := range []string{"adaptive", "baseline"} {
		for _, n := range []int{10, 100_000} {
			for spread, stride := range map[string]int{"hot": 0, "spread": 7919} {
				b.Run(fmt.Sprintf("%s/containers=%d/%s", policy, n, spread), func(b *testing.B) {
					e, pairs := warm(b, policy, n, engine.Config{Decisions: decisions})
					out := make([]engine.Action, 0, 8)
					now, i := engine.Instant(0), 0
					var calls decoded
					b.ReportAllocs()
					for b.Loop() {
						now += 1000
						out = calls.next(pairs, &i, stride).call(b, e, now, out)
					}
					b.ReportMetric(float64(calls.spent().Nanoseconds())/float64(b.N), "ns/op")
				})
			}
		}
	}
}

// decoded hands out pairs that lie in a cache with all that they point to, as
// events do that have just been decoded. The time that it takes to put them
// there is not counted.
type decoded struct {
	batch [64]pair
	bytes int // keeps the compiler from leaving out what is only read
	left  int
	begun time.Time
	took  time.Duration
}

func (d *decoded) next(pairs []pair, i *int, stride int) *pair {
	if d.left == 0 {
		d.took = d.spent()
		for j := range d.batch {
			p := pairs[*i*stride%len(pairs)]
			*i++
			for _, text := range []string{string(p.acquire.Request), p.acquire.Function.Name} {
				for k := range len(text) {
					d.bytes += int(text[k])
				}
			}
			d.batch[j] = p
		}
		d.left, d.begun = len(d.batch), time.Now()
	}
	d.left--
	return &d.batch[d.left]
}

func (d *decoded) spent() time.Duration {
	if d.begun.IsZero() {
		return 0
	}
	return d.took + time.Since(d.begun)
}

// An idle function must not cost more than 2 KB: there may be a million.
func TestIdleFunctionIsSmall(t *testing.T) {
	const functions = 10_000
	e := newEngine(t, "adaptive")
	e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 1 << 30}, nil)
	before := heapInUse()
	for i := range functions {
		spec := engine.FunctionSpec{Name: fmt.Sprintf("account/function-%d@1", i), Memory: 128 * mib}
		id := engine.ContainerID(fmt.Sprint("c", i))
		now := engine.Instant(i)
		e.Step(now, &engine.Event{Kind: engine.ContainerAdopted, Node: "n", Container: id, Function: spec}, nil)
		for j := range 10 {
			e.Step(now, &engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(10*i + j + 1), Function: spec}, nil)
			e.Step(now, &engine.Event{Kind: engine.Return, Container: id, Outcome: engine.Outcome{Duration: 1e6, MaxMemory: 1}}, nil)
		}
		e.Step(now, &engine.Event{Kind: engine.ContainerLost, Container: id}, nil)
	}
	each := (heapInUse() - before) / functions
	t.Logf("%d bytes a function", each)
	if each > 2048 {
		t.Errorf("%d bytes a function, want at most 2048", each)
	}
	runtime.KeepAlive(e)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
