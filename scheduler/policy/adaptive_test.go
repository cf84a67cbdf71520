package policy

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const ms = time.Millisecond

func newAdaptive(t testing.TB, cfg AdaptiveConfig) *Adaptive {
	t.Helper()
	a, err := NewAdaptive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// indexed is the function of that index; its name says nothing.
func indexed(i int, memory engine.Bytes) *engine.FunctionView {
	f := function(memory)
	f.Index, f.Pool = i, &engine.PoolView{Nodes: 32}
	return f
}

// witness remembers the function that was called.
type witness struct {
	Baseline
	seen *engine.FunctionView
}

func (w *witness) Arrived(_ engine.Instant, f *engine.FunctionView) bool {
	w.seen = f
	return false
}

// inService is a function with so many containers of the declared memory, on a node of their own.
func inService(t testing.TB, memory engine.Bytes, containers int) *engine.FunctionView {
	t.Helper()
	w := &witness{}
	e, err := engine.New(engine.Config{}, w)
	if err != nil {
		t.Fatal(err)
	}
	spec := engine.FunctionSpec{Name: "f", Memory: memory}
	e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: memory * engine.Bytes(containers+1)}, nil)
	for i := range containers {
		e.Step(0, &engine.Event{Kind: engine.ContainerAdopted, Node: "n", Container: engine.ContainerID(fmt.Sprint(i)), Function: spec}, nil)
	}
	e.Step(0, &engine.Event{Kind: engine.Acquire, Ticket: 1, Function: spec}, nil)
	f := *w.seen
	return &f
}

// serve tells of n calls one at a time that fill their container; the platform
// measures no CPU.
func serve(a *Adaptive, f *engine.FunctionView, n int, took time.Duration) {
	for range n {
		a.Arrived(0, f)
		a.Returned(0, f, engine.Call{
			Outcome: engine.Outcome{Duration: took, MaxMemory: f.Spec.Memory}, Started: 1, Ended: 1, Alone: true,
			Size: engine.Size{Memory: f.Spec.Memory, Booked: f.Spec.Memory},
		})
	}
}

func TestAdaptiveReportsAllFaults(t *testing.T) {
	_, err := NewAdaptive(AdaptiveConfig{LatencyWeight: -1, ResourceWeight: 2e9, ColdStart: -1, MaxShare: 1 << 15})
	if err == nil {
		t.Fatal("no error")
	}
	for _, fault := range []string{"latency weight", "resource weight", "cold start", "max share"} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("%q does not name %s", err, fault)
		}
	}
}

func TestUnknownPolicy(t *testing.T) {
	if _, err := New("psychic"); err == nil || !strings.Contains(err.Error(), "adaptive") {
		t.Errorf("error %v, want one that lists the policies", err)
	}
}

// mixed plays functions of every kind: short, asleep, computing, by the clock,
// in bursts, and one that outgrows its memory.
func mixed(t *testing.T, cfg AdaptiveConfig) *stand {
	t.Helper()
	s := newStand(t, cfg, 1)
	s.node = 1536 * megabyte
	for i := range 200 {
		second := time.Duration(i) * time.Second
		s.call(second, "short", 128*megabyte, sleeps(5*ms, 8*megabyte))
		s.call(second/2, "asleep", 256*megabyte, sleeps(700*ms, 20*megabyte))
		s.call(second, "computes", 128*megabyte, computes(40*ms))
		if i%20 == 0 {
			s.call(second, "clock", 512*megabyte, sleeps(100*ms, 300*megabyte))
			for range 12 {
				s.call(second, "bursts", 256*megabyte, sleeps(900*ms, 100*megabyte))
			}
		}
	}
	s.call(50*time.Second, "outgrows", 128*megabyte, func(engine.Bytes) engine.Outcome {
		return engine.Outcome{Duration: ms, MaxMemory: 128 * megabyte, Error: engine.ErrorOutOfMemory, Lost: true}
	})
	return s
}

func snapshot(t *testing.T, s *stand) []byte {
	t.Helper()
	data, err := s.e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAdaptiveIsDeterministic(t *testing.T) {
	a, b := mixed(t, AdaptiveConfig{}), mixed(t, AdaptiveConfig{})
	for until := 10 * time.Second; until <= 200*time.Second; until += 10 * time.Second {
		a.run(until)
		b.run(until)
		if !bytes.Equal(snapshot(t, a), snapshot(t, b)) {
			t.Fatalf("two histories of the same events, from %v on or before", until)
		}
	}
}

// What has been learned survives: written and read it is the same, and engines
// with the one and the other go on alike.
func TestAdaptiveState(t *testing.T) {
	a, b := mixed(t, AdaptiveConfig{}), mixed(t, AdaptiveConfig{})
	a.run(100 * time.Second)
	b.run(100 * time.Second)
	if all, clock := a.p.all, &a.p.learned[0][3]; all.turnover.n == 0 || all.judged == 0 || clock.period.n == 0 || clock.gaps.total == 0 {
		t.Fatalf("too little has been learned to see it survive: %+v, %+v", all, clock)
	}
	a.p.fetched = 0 // nothing learned
	p := newAdaptive(t, AdaptiveConfig{})
	restored, err := engine.Restore(engine.Config{}, p, snapshot(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.p, p) {
		t.Fatal("read again it is another")
	}
	b.e, b.p = restored, p
	a.run(300 * time.Second)
	b.run(300 * time.Second)
	if !bytes.Equal(snapshot(t, a), snapshot(t, b)) {
		t.Error("restored, the engine went on in another way")
	}
}

// Whatever is switched off, every call is answered.
func TestAdaptiveWithoutParts(t *testing.T) {
	for part := Part(0); part < 2*Displacing; part++ {
		if part&(part-1) != 0 && part != 2*Displacing-1 {
			continue // none, each alone, and all
		}
		s := mixed(t, AdaptiveConfig{Without: part})
		s.run(300 * time.Second)
		if c := s.e.Status().Counters; int(c.Returned) != len(s.asked) || len(s.asked) < 700 {
			t.Errorf("without %07b: %d of %d calls answered and returned", part, c.Returned, len(s.asked))
		}
	}
}
