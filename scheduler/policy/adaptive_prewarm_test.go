package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Calls every 60 s ± 1 s: the next one is expected in a window of three times
// that, 3 s, and 60 s / 128, on both sides; a container takes 500 ms to start,
// and is begun a quarter earlier.
func TestPeriodWindow(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 1024*megabyte)
	l := a.of(f)
	p := &period{last: at(1000 * time.Second), every: time.Minute, spread: time.Second, n: 10}
	reach := 3*time.Second + 468750*time.Microsecond
	from, to, ok := p.window(a, l, f, time.Minute)
	if want := at(1060*time.Second - reach - 625*ms); from != want || !ok {
		t.Errorf("from %v, %v, want %v", time.Duration(from), ok, time.Duration(want))
	}
	if want := at(1060*time.Second + reach); to != want {
		t.Errorf("to %v, want %v", time.Duration(to), time.Duration(want))
	}
	for _, c := range []struct {
		name   string
		change func(p *period)
		keep   time.Duration
		want   bool
	}{
		{"kept for the whole minute otherwise", func(*period) {}, time.Minute, true},
		{"kept for 5 s, then made anew", func(*period) {}, 5 * time.Second, true},
		{"seen too seldom", func(p *period) { p.n = 2 }, time.Minute, false},
		{"the window is as long as the period", func(p *period) { p.spread = 20 * time.Second }, time.Minute, false},
		{"most calls come outside of it", func(p *period) { p.outside = 256 }, 5 * time.Second, false},
	} {
		changed := *p
		c.change(&changed)
		if _, _, ok := changed.window(a, l, f, c.keep); ok != c.want {
			t.Errorf("%s: pays %v, want %v", c.name, ok, c.want)
		}
	}
}

func TestPeriodIsLearned(t *testing.T) {
	for _, c := range []struct {
		name          string
		gaps          []time.Duration // over and over
		least, most   time.Duration   // reach
		often, seldom int             // outside, of 256
	}{
		{"by the clock", []time.Duration{time.Minute}, 0, time.Second, 0, 0},
		{"a little off", []time.Duration{59 * time.Second, 61 * time.Second}, time.Second, 4 * time.Second, 20, 0},
		{"at any time", []time.Duration{time.Second, 2 * time.Minute, 10 * time.Second, 4 * time.Minute}, time.Minute, 24 * time.Hour, 128, 0},
	} {
		var p period
		now := at(time.Second)
		for i := range 80 {
			p.arrived(now)
			now = now.Add(c.gaps[i%len(c.gaps)])
		}
		if got := p.reach(); got < c.least || got > c.most || p.outside > c.often || p.outside < c.seldom {
			t.Errorf("%s: reach %v and %d of 256 outside; want %v to %v, and at most %d", c.name, got, p.outside, c.least, c.most, c.often)
		}
	}
	var p period
	for i := range 40 { // the clock changes once
		p.arrived(at(time.Duration(i+1) * time.Minute))
	}
	before := p.outside
	p.arrived(at(2 * time.Hour))
	if p.outside <= before {
		t.Error("a call an hour late is taken for a punctual one")
	}
}

// clockwork plays a function that is called every ten minutes, beside one whose
// long calls make waiting dear. Of the last ten calls it returns for which share of
// the time between them there is a container, and how many are cold.
func clockwork(t *testing.T, cfg AdaptiveConfig) (between float64, cold int) {
	t.Helper()
	s := newStand(t, cfg, 1)
	when := time.Duration(0)
	var calls []time.Duration
	for range 20 {
		calls = append(calls, when)
		s.call(when, "clock", 256*megabyte, sleeps(100*ms, 200*megabyte))
		when += 10 * time.Minute
	}
	for second := time.Duration(0); second < when; second += 20 * time.Second {
		s.call(second, "busy", 256*megabyte, sleeps(10*time.Second, 200*megabyte))
	}
	s.run(calls[10] - time.Second)
	before := s.colds["clock"]
	samples, there := 0, 0
	for i := 10; i < 19; i++ {
		for at := calls[i] + 20*time.Second; at < calls[i+1]-20*time.Second; at += 10 * time.Second {
			s.run(at)
			samples++
			there += min(1, len(s.containers("clock")))
		}
	}
	s.run(when)
	return float64(there) / float64(samples), s.colds["clock"] - before
}

// What is called by the clock has a container in time, and none in between.
func TestPrewarmsByTheClock(t *testing.T) {
	between, cold := clockwork(t, AdaptiveConfig{})
	if between > 0 || cold > 0 {
		t.Errorf("%d cold starts, a container for %.0f %% of the time between; want neither", cold, 100*between)
	}
	between, cold = clockwork(t, AdaptiveConfig{Without: Prewarming})
	if between == 0 && cold == 0 {
		t.Error("without prewarming neither a cold start nor a container kept: what else makes it?")
	}
}

// A function that was announced has a container before its first call.
func TestAnnouncedFunctionIsPrepared(t *testing.T) {
	for _, c := range []struct {
		without Part
		cold    int
	}{{0, 0}, {Prewarming, 1}} {
		s := newStand(t, AdaptiveConfig{Without: c.without}, 1)
		s.later(0, func() {
			s.step(&engine.Event{Kind: engine.Announce, Function: engine.FunctionSpec{Name: "f", Memory: 128 * megabyte}})
		})
		s.call(3*time.Second, "f", 128*megabyte, sleeps(ms, megabyte))
		s.run(5 * time.Second)
		if s.colds["f"] != c.cold || len(s.made["f"]) != 1 {
			t.Errorf("without %06b: %d cold starts and %d containers, want %d and one", c.without, s.colds["f"], len(s.made["f"]), c.cold)
		}
	}
}

// A single call that comes far outside of the window hardly moves it, and does not make
// it much wider; when most come outside, the window follows them.
func TestPeriodBearsAnOutlier(t *testing.T) {
	var p period
	now := at(time.Second)
	after := func(gap time.Duration) {
		now = now.Add(gap)
		p.arrived(now)
	}
	for range 20 {
		after(10 * time.Second)
	}
	after(2 * time.Second)
	if p.every < 9900*ms || p.reach() > 200*ms {
		t.Errorf("after one call 8 s early: every %v, reach %v; want 10 s and at most twice 78 ms or so", p.every, p.reach())
	}
	for range 40 {
		after(2 * time.Second)
	}
	if p.every > 2200*ms || p.reach() > 1500*ms {
		t.Errorf("after forty calls 2 s apart: every %v, reach %v; want 2 s and little", p.every, p.reach())
	}
}
