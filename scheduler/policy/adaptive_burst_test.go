package policy

import (
	"fmt"
	"testing"
	"time"
)

func TestQueued(t *testing.T) {
	for _, c := range []struct{ calls, slots, want int }{
		{1, 1, 0}, {3, 1, 0 + 1 + 2}, {4, 2, 0 + 0 + 1 + 1}, {5, 2, 0 + 0 + 1 + 1 + 2}, {4, 8, 0},
	} {
		if got := queued(c.calls, c.slots); got != c.want {
			t.Errorf("%d calls, %d at once: %d executions, want %d", c.calls, c.slots, got, c.want)
		}
	}
}

// bursts plays twenty calls at once, every ten seconds, in the end once fewer and then none,
// beside a function that is called all the time. It returns how many nodes there are in the
// middle between bursts and during one, and how long the calls of that one waited in all.
func bursts(t *testing.T, cfg AdaptiveConfig, run execution) (s *stand, between, during int, waited time.Duration) {
	t.Helper()
	cfg.Enlarge = true
	s = newStand(t, cfg, 10)
	for i := range 30 {
		calls := 20
		if i == 29 {
			calls = 2
		}
		for range calls {
			s.call(time.Duration(10*i)*time.Second, "f", 256*megabyte, run)
		}
	}
	for second := range 330 {
		s.call(time.Duration(second)*time.Second, "steady", 256*megabyte, sleeps(900*ms, 200*megabyte))
	}
	s.run(275 * time.Second)
	between = len(s.nodes())
	waited = s.waited["f"]
	s.run(280*time.Second + 10*ms)
	during = len(s.nodes())
	s.run(285 * time.Second)
	return s, between, during, s.waited["f"] - waited
}

// Nodes are there when many calls that compute come at once, and gone soon after. What
// fewer calls leave idle is gone soon after, too, and so it is when none come any more.
func TestNodesAreThereForBursts(t *testing.T) {
	s, between, during, waited := bursts(t, AdaptiveConfig{}, computes(200*ms))
	if between > 2 || during < between+2 {
		t.Errorf("%d nodes between bursts and %d during one, want more then, and few between", between, during)
	}
	_, without, same, longer := bursts(t, AdaptiveConfig{Without: Prewarming}, computes(200*ms))
	if without != same || 2*waited > longer {
		t.Errorf("the calls of a burst waited for %v with %d nodes, and for %v with the %d that there always are: want half at most", waited, during, longer, same)
	}
	for _, at := range []time.Duration{292 * time.Second, 302 * time.Second} {
		if s.run(at); len(s.nodes()) > between {
			t.Errorf("at %v nodes %v, want %d", at, s.nodes(), between)
		}
	}
}

// Calls that sleep share a container, so no other node is of use to them.
func TestNoNodesForBurstsThatShare(t *testing.T) {
	if _, between, during, _ := bursts(t, AdaptiveConfig{}, sleeps(200*ms, megabyte)); between != during {
		t.Errorf("%d nodes between bursts and %d during one, want as many", between, during)
	}
}

// As long as a burst costs more to wait for than it is worth, or is no burst, nothing is gathered.
func TestBurst(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(l *learned)
		least  int
		most   int
	}{
		{"20 calls at once", func(*learned) {}, 3, fewContainers},
		{"one", func(l *learned) { l.period.atOnce = 16 }, 0, 0},
		{"four: there are cores for two", func(l *learned) { l.period.atOnce = 4 * 16 }, 1, 2},
		{"seldom at that time", func(l *learned) { l.period.outside = 255 }, 1, 1},
		{"somewhen within seconds: nodes would be held for most of the time", func(l *learned) { l.period.spread = time.Second }, 0, 0},
		{"seen too seldom", func(l *learned) { l.period.n = 2 }, 0, 0},
		{"no more CPU is of use", func(l *learned) { l.cpu.value = time.Microsecond }, 0, 0},
	} {
		a, f := newAdaptive(t, AdaptiveConfig{Enlarge: true}), indexed(0, 256*megabyte)
		a.all.node, a.all.judged = 3072*megabyte, 1
		l := a.of(f)
		l.calls, l.share.limit = 100, 2
		a.all.demand = demand{functions: 1, calls: 100, n: 100, busy: float64(50 * megabyte)}
		for range 8 {
			l.execution.add(100 * ms)
			l.cpu.add(100 * ms)
			l.solo.add(100 * ms)
		}
		l.period = period{last: at(100 * time.Second), every: 10 * time.Second, n: 10, atOnce: 20 * 16}
		c.change(l)
		if got, _, _ := a.burst(l, f); got < c.least || got > c.most {
			t.Errorf("%s: %d containers, want %s", c.name, got, fmt.Sprint(c.least, " to ", c.most))
		}
	}
}
