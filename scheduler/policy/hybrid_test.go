package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// callsApart plays calls that take no time, so that idle times and times between
// calls are the same.
func callsApart(p engine.Policy, f *engine.FunctionView, between ...time.Duration) engine.Instant {
	now := at(time.Hour)
	p.Arrived(now, f)
	p.Returned(now, f, engine.Call{})
	for _, gap := range between {
		now = now.Add(gap)
		p.Arrived(now, f)
		p.Returned(now, f, engine.Call{})
	}
	return now
}

func same(d time.Duration, n int) []time.Duration { return slices.Repeat([]time.Duration{d}, n) }

// oneOfEach bin: a histogram without any shape.
func oneOfEach() []time.Duration {
	all := make([]time.Duration, histogramBins)
	for i := range all {
		all[i] = time.Duration(i) * time.Minute
	}
	return all
}

// Windows by the paper: from 0.9 times the head's minute to 1.1 times the end of
// the tail's.
func TestHybridWindows(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		name       string
		gaps       []time.Duration
		open, shut time.Duration
	}{
		{"one call", nil, 0, 240 * m},
		{"every ten minutes and a half", same(10*m+m/2, 50), 9 * m, 121 * m / 10},
		{"within a minute", same(20*time.Second, 50), 0, 11 * m / 10},
		// 5 % of 100 is the fifth, in minute 2; 99 % the 99th, in minute 30.
		{"mixed", append(append(same(2*m, 5), same(8*m, 93)...), same(30*m, 2)...), 18 * m / 10, 341 * m / 10},
		{"no shape", oneOfEach(), 0, 240 * m},
		// Half of the gaps are beyond 4 h; the mean of the last ten is 5 h.
		{"out of bounds", same(5*time.Hour, 20), 255 * m, 345 * m},
		{"forgotten", append(same(5*time.Hour, 9), same(8*m, 10)...), 72 * m / 10, 99 * m / 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, f := newSuite[*hybridHistogram](t, "hybrid-histogram"), function(megabyte)
			last := callsApart(h, f, c.gaps...)
			if w := h.functions.of(f).window; w.open != c.open || w.shut != c.shut {
				t.Fatalf("window %v to %v, want %v to %v", w.open, w.shut, c.open, c.shut)
			}
			if got := h.Retire(last, f, nil); got != (c.open > 0) {
				t.Errorf("unloads: %v", got)
			}
			create, again := h.Scale(last, f, nil)
			if want := last.Add(c.open); c.open > 0 && (create != 0 || again != want) || c.open == 0 && again != 0 {
				t.Errorf("makes %d, asks again at %v; want 0, %v", create, again, want)
			}
			if create, _ := h.Scale(last.Add(c.open), f, nil); c.open > 0 && create != 1 {
				t.Errorf("makes %d when the window opens", create)
			}
			if create, again := h.Scale(last.Add(c.shut), f, nil); create != 0 || again != 0 {
				t.Errorf("makes %d when the window has shut, asks again at %v", create, again)
			}
			loaded := &engine.ContainerView{IdleSince: last.Add(c.open)}
			if got, want := h.KeepContainer(loaded.IdleSince, f, loaded), c.shut-c.open; got != want {
				t.Errorf("keeps what it has loaded for %v, want %v", got, want)
			}
		})
	}
}

// The coefficient of variation of 240 counts, by hand: k bins of one count each
// have mean k/240 and sample variance k(240-k)/(240·239), so the square of the
// coefficient is 240(240-k)/(239k). It falls below 4 between k = 48 and 49.
func TestHybridTrustsUnequalBins(t *testing.T) {
	for k, want := range map[int]bool{1: true, 48: true, 49: false, 240: false} {
		var b binCounts
		for bin := range k {
			b.add(bin)
		}
		if got := b.shaped(); got != want {
			t.Errorf("%d bins of one: trusted %v, want %v", k, got, want)
		}
	}
}

// Calls that overlap leave no idle time between them: bin 0.
func TestHybridCountsOverlaps(t *testing.T) {
	h, f := newSuite[*hybridHistogram](t, "hybrid-histogram"), function(megabyte)
	callsApart(h, f)
	f.InFlight = 1
	h.Arrived(at(2*time.Hour), f)
	if got := h.functions.of(f).bins.counts[0]; got != 1 {
		t.Errorf("bin 0 holds %d, want 1", got)
	}
}

// FaasCache's rule: sure when variance / mean of the minutes is at most 2, from
// the bin before the head to the one after the tail, and for two hours else.
func TestHistIATWindows(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		name       string
		gaps       []time.Duration
		open, shut time.Duration
	}{
		{"one gap", same(10*m, 1), 0, 120 * m},
		{"every ten minutes", same(10*m, 5), 81 * m / 10, (81 + 121) * m / 10},
		{"every minute", same(m, 5), 0, 22 * m / 10},
		// Minutes 0 and 4: mean 2, variance 4; minutes 0 and 5: 2.5 and 6.25.
		{"just sure", []time.Duration{0, 4 * m}, 0, 55 * m / 10},
		{"unsure", []time.Duration{0, 5 * m}, 0, 120 * m},
		{"beyond four hours", append(same(10*m, 5), 5*time.Hour), 81 * m / 10, (81 + 121) * m / 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, f := newSuite[*histIAT](t, "hist-iat"), function(megabyte)
			callsApart(h, f, c.gaps...)
			if w := h.functions.of(f).window; w.open != c.open || w.shut != c.shut {
				t.Errorf("window %v to %v, want %v to %v", w.open, w.shut, c.open, c.shut)
			}
		})
	}
}

// The mean of the last calls by ln 5, and the start's worth, by hand.
func TestRainbowCake(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		gaps   []time.Duration
		start  time.Duration
		memory engine.Bytes
		want   time.Duration
	}{
		{"dense", same(s, 10), s, 128 * megabyte, 60 * s},
		// Six calls in 5 × 60 s: 1.609 × 50 s is 80.5; 249 × 100 s / 128 MB is 194.5.
		{"every minute", same(60*s, 10), 100 * s, 128 * megabyte, 81 * s},
		// 1.609 × 250 s is 402.4, cut to 194.5.
		{"every five minutes", same(300*s, 10), 100 * s, 128 * megabyte, 195 * s},
		// The cut goes below the least: 249 × 1 s / 128 MB is 1.9.
		{"quick to start", same(300*s, 10), s, 128 * megabyte, 2 * s},
		// Only the last call is within a day.
		{"once in two days", same(48*time.Hour, 3), s, 128 * megabyte, 60 * s},
	} {
		r, f := newSuite[*rainbowCake](t, "rainbowcake"), function(c.memory)
		if got := r.KeepContainer(0, f, nil); got != 600*s {
			t.Errorf("%s: keeps for %v while nothing is known", c.name, got)
		}
		r.Started(0, f, &engine.ContainerView{}, c.start)
		last := callsApart(r, f, c.gaps...)
		r.Returned(last, f, engine.Call{Size: engine.Size{Memory: c.memory}})
		if got := r.KeepContainer(last, f, nil); got != c.want {
			t.Errorf("%s: keeps for %v, want %v", c.name, got, c.want)
		}
	}
}
