package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// idle is a container that has been idle for so long at now.
func idle(now engine.Instant, d time.Duration) *engine.ContainerView {
	return &engine.ContainerView{Size: engine.Size{Memory: 256 * megabyte}, ReadyAt: 1, Uses: 1, IdleSince: now.Add(-d)}
}

// reused has the function's first container found idle for so long, n times.
func reused(a *Adaptive, f *engine.FunctionView, n int, gap time.Duration) {
	f.Ready, f.Idle = 1, 1
	for range n {
		a.Reused(0, f, gap)
	}
}

func TestLevels(t *testing.T) {
	for container, want := range []int{0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4} {
		if got := levelOf(container); got != want {
			t.Errorf("container %d is on level %d, want %d", container, got, want)
		}
	}
	if got := levelOf(1000); got != levels-1 {
		t.Errorf("container 1000 is on level %d, want the last", got)
	}
}

// now is long after the first call unless a case says otherwise.
const old = 100 * time.Hour

// A container is kept through gaps that cost less than a cold start, and not for
// the sake of longer ones.
func TestKeepContainerCostsLeast(t *testing.T) {
	for _, c := range []struct {
		name  string
		cfg   AdaptiveConfig
		gap   float64 // in penalties; 0: none seen
		age   time.Duration
		ready int
		// at least and at most, in gaps, or in penalties if none was seen
		least, most float64
	}{
		{"short gaps", AdaptiveConfig{}, 0.2, old, 1, 1, 2},
		{"long gaps", AdaptiveConfig{}, 5, old, 1, 0, 0.05},
		{"long gaps, seen in a short time", AdaptiveConfig{}, 5, time.Second, 1, 0.2, 0.2},
		{"unknown", AdaptiveConfig{}, 0, old, 1, 1, 1},
		{"unknown, latency hardly counts", AdaptiveConfig{LatencyWeight: 0.001, ResourceWeight: 1}, 0, old, 1, 1, 1},
	} {
		a, f := newAdaptive(t, c.cfg), indexed(0, 256*megabyte)
		serve(a, f, 4, 100*ms)
		unit := a.penalty(a.of(f), f)
		if c.gap > 0 {
			unit = time.Duration(c.gap * float64(unit))
			reused(a, f, 10, unit)
		}
		f.Ready = c.ready
		now := at(c.age)
		got := float64(a.KeepContainer(now, f, idle(now, 0))) / float64(unit)
		if got < c.least*0.999 || got > c.most*1.001 {
			t.Errorf("%s: kept for %.3f times %v, want %v to %v times", c.name, got, unit, c.least, c.most)
		}
	}
}

// Each level of containers has gaps of its own: the first one is kept for the
// next burst, the eighth until the next high tide or not at all.
func TestLevelsAreKeptApart(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{LatencyWeight: 1000}), indexed(0, 256*megabyte)
	serve(a, f, 4, 100*ms)
	for range 20 {
		f.Ready, f.Idle = 8, 8
		a.Reused(0, f, time.Minute)
		f.Idle = 1
		a.Reused(0, f, time.Second)
	}
	now := at(old)
	for _, c := range []struct {
		ready       int
		least, most time.Duration
	}{{1, time.Minute, 2 * time.Minute}, {8, time.Second, 2 * time.Second}} {
		f.Ready, f.Idle = c.ready, c.ready
		if got := a.KeepContainer(now, f, idle(now, 0)); got < c.least || got > c.most {
			t.Errorf("of %d containers one is kept for %v, want %v to %v", c.ready, got, c.least, c.most)
		}
	}
}

// While a function is young its gaps can't have been long, so it is given the
// benefit of the doubt: the last container much, the others little.
func TestYoungFunctionIsKept(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{LatencyWeight: 1000}), indexed(0, 256*megabyte)
	serve(a, f, 4, 100*ms)
	for range 20 {
		f.Ready, f.Idle = 2, 2
		a.Reused(0, f, ms)
		f.Idle = 1
		a.Reused(0, f, ms)
	}
	var kept []time.Duration
	for _, ready := range []int{1, 2} {
		f.Ready, f.Idle = ready, ready
		kept = append(kept, a.KeepContainer(at(time.Second), f, idle(at(time.Second), 0)))
	}
	if kept[1] < time.Second || kept[0] < 5*kept[1] {
		t.Errorf("the last container is kept for %v and another for %v, want long and less long", kept[0], kept[1])
	}
}

// The more latency counts, the longer containers are kept.
func TestWeightDecidesHowMuchIsKept(t *testing.T) {
	var kept []time.Duration
	for _, weight := range []float64{0.01, 1, 100, 1e6} {
		s := newStand(t, AdaptiveConfig{LatencyWeight: weight, ResourceWeight: 1, Without: Prewarming}, 1)
		s.cold = 20 * ms
		for i := range 20 { // gaps of 2, 4, ... 40 s
			s.call(time.Duration(i*(i+1))*time.Second, "f", 256*megabyte, sleeps(100*ms, 200*megabyte))
		}
		held := time.Duration(0)
		for second := range 400 {
			s.run(time.Duration(second) * time.Second)
			held += time.Duration(len(s.containers("f"))) * time.Second
		}
		kept = append(kept, held)
	}
	if kept[0] > kept[1] || kept[1] >= kept[2] || kept[2] > kept[3] || 2*kept[0] > kept[3] {
		t.Errorf("containers held for %v with ever greater weights of latency, want ever longer", kept)
	}
}

// A gap that a container was not kept through is counted when another has to be
// made; otherwise only gaps within the keep-alive would ever be seen.
func TestMissedGapsAreCounted(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{LatencyWeight: 1000}), indexed(0, 256*megabyte)
	serve(a, f, 4, 100*ms)
	reused(a, f, 20, ms)
	now := at(old)
	if got := a.KeepContainer(now, f, idle(now, 0)); got > time.Second {
		t.Fatalf("kept for %v at first, want no longer than usual gaps of 1ms need", got)
	}
	a.Expired(now, f, 2*time.Second)
	a.KeepContainer(now, f, idle(now, 0))
	now = now.Add(9 * time.Second)
	f.Ready, f.Idle = 0, 0
	a.Started(now.Add(500*ms), f, idle(now, 0), 500*ms)
	f.Ready, f.Idle = 1, 1
	if got := a.KeepContainer(now, f, idle(now, 0)); got < 11*time.Second || got > 22*time.Second {
		t.Errorf("kept for %v, want a little more than the 11s that were missed", got)
	}
}

// Gaps of other functions stand in while those of its own are few.
func TestGapsOfOthers(t *testing.T) {
	a, f, g := newAdaptive(t, AdaptiveConfig{LatencyWeight: 1000}), indexed(0, 256*megabyte), indexed(1, 256*megabyte)
	serve(a, f, 4, 100*ms)
	serve(a, g, 4, 100*ms)
	reused(a, f, 20, time.Second)
	g.Ready, g.Idle = 1, 1
	if got := a.keep(at(old), a.of(g), g, 0); got < time.Second {
		t.Errorf("kept for %v, want as long as the other needs", got)
	}
	reused(a, g, 20, 10*time.Second)
	if got := a.keep(at(old), a.of(g), g, 0); got < 10*time.Second || got > 20*time.Second {
		t.Errorf("kept for %v, want as long as its own gaps of 10s need", got)
	}
}

func TestWithoutPricing(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{Without: Pricing}), indexed(0, 256*megabyte)
	serve(a, f, 4, 100*ms)
	reused(a, f, 20, ms)
	if got := a.KeepContainer(at(old), f, idle(at(old), 0)); got != 600*time.Second {
		t.Errorf("kept for %v, want 600s", got)
	}
}
