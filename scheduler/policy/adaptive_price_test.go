package policy

import (
	"math"
	"testing"
	"time"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }

// What a second of waiting is worth follows the ratio of the weights.
func TestPriceFollowsTheWeights(t *testing.T) {
	price := func(latency, resource float64) float64 {
		a, f := newAdaptive(t, AdaptiveConfig{LatencyWeight: latency, ResourceWeight: resource}), indexed(0, 128*megabyte)
		serve(a, f, 3, 100*ms)
		return a.price(a.of(f), f)
	}
	if got := price(0.75, 0.25); !near(got, price(0, 0)) || !near(got, 3*price(1, 1)) || !near(got, price(3, 1)) {
		t.Errorf("price %v at 0.75 to 0.25, want %v as by default and 3 × %v at equal weights", got, price(0, 0), price(1, 1))
	}
}

// A second slows a short call more than a long one, buys less of a large
// container than of a small one, and counts more where calls are rare.
func TestPriceOfFunctions(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{Without: RightSizing})
	usual, long, large, rare := indexed(0, 128*megabyte), indexed(1, 128*megabyte), indexed(2, 512*megabyte), indexed(3, 128*megabyte)
	serve(a, usual, 64, 100*ms)
	serve(a, long, 64, time.Second)
	serve(a, large, 64, 100*ms)
	serve(a, rare, 4, 100*ms)
	want := a.price(a.of(usual), usual)
	if got := a.price(a.of(long), long); !near(got, want/10) {
		t.Errorf("calls ten times as long: price %v, want a tenth of %v", got, want)
	}
	if got := a.price(a.of(large), large); !near(got, want/4) {
		t.Errorf("four times the memory: price %v, want a quarter of %v", got, want)
	}
	if got := a.price(a.of(rare), rare); got <= want || got > 16*want {
		t.Errorf("a sixteenth of the calls: price %v, want more than %v, but not 16 times as much", got, want)
	}
}

// A cold start is paid for in waiting and in work; one that is made ahead, in work alone.
func TestPenalty(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 1024*megabyte)
	l := a.of(f)
	if got := a.coldStart(l); got != 500*ms {
		t.Errorf("unknown cold start: %v, want 500ms", got)
	}
	serve(a, f, 3, 100*ms)
	a.Started(0, f, idle(0, 0), 2*time.Second)
	work, waiting := a.creation(l, f), seconds(2*a.price(l, f))
	if work < 2*time.Second || waiting < 2*time.Second {
		t.Errorf("2 s cost %v in work and %v in waiting, want no less than that", work, waiting)
	}
	if got := a.penalty(l, f); got != work+waiting {
		t.Errorf("penalty %v, want %v and %v", got, work, waiting)
	}
	if got := seconds(math.MaxFloat64); got < 24*time.Hour || got > time.Duration(math.MaxInt64/4) {
		t.Errorf("what is as good as for ever lasts %v", got)
	}
}

// A function of which no start has been seen is taken to start like the others,
// and its first start does not count for everything.
func TestColdStartOfOthers(t *testing.T) {
	a, f, g := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte), indexed(1, 128*megabyte)
	for range 4 {
		a.Started(0, f, idle(0, 0), 300*ms)
	}
	if got := a.coldStart(a.of(g)); got != 300*ms {
		t.Errorf("%v, want 300ms as of the other", got)
	}
	a.Started(0, g, idle(0, 0), 900*ms)
	if got := a.coldStart(a.of(g)); got != 600*ms {
		t.Errorf("%v after a start of 900ms, want 600ms, half-way from the other's", got)
	}
}
