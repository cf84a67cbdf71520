package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// One call takes 10 MiB and each further one 1 MiB; with a sixteenth more and
// 4 MiB, rounded up to five significant bits.
func TestFootprintNeed(t *testing.T) {
	p := footprint{one: 10 * megabyte, further: megabyte}
	for _, c := range []struct {
		company int
		want    engine.Bytes
	}{
		{1, 15 * megabyte},    // 14.625
		{3, 17 * megabyte},    // 16.75
		{64, 84 * megabyte},   // 81.5625
		{100, 120 * megabyte}, // 119.8125
	} {
		if got := p.need(c.company); got != c.want {
			t.Errorf("%d calls: %.2f MiB, want %d", c.company, float64(got)/float64(megabyte), c.want/megabyte)
		}
	}
}

// Four calls that take 20 to 40 MiB each may all happen to be large: to the 110
// MiB that they need usually, √3 times 20 MiB comes.
func TestFootprintMost(t *testing.T) {
	p := footprint{one: 40 * megabyte, least: 20 * megabyte, further: 20 * megabyte, calls: knownFootprint}
	if usual := p.need(4); usual != 112*megabyte {
		t.Fatalf("4 calls usually need %d bytes, want 112 MiB", usual)
	}
	if got := float64(p.most(4)) / float64(megabyte); got < 146.6 || got > 146.7 {
		t.Errorf("4 calls need %.2f MiB at most, want 112 + 34.64", got)
	}
	if p.most(1) != p.need(1) {
		t.Errorf("one call needs %d bytes at most, but %d usually", p.most(1), p.need(1))
	}
	p.least = p.one
	if got := p.most(4); got != p.need(4) {
		t.Errorf("%d bytes at most where nothing varies", got)
	}
	p.calls = 1
	if got := p.most(2); got != p.need(2)+20*megabyte {
		t.Errorf("%d bytes at most when one call has been seen, want half of it more than %d", got, p.need(2))
	}
}

// Peaks raise what is needed at once, and fade.
func TestFootprintLearnsPeaks(t *testing.T) {
	var p footprint
	p.learn(1, true, 20*megabyte)
	if p.one != 20*megabyte || p.further != 20*megabyte {
		t.Errorf("after one call %d and %d for a further one, want 20 MiB each", p.one, p.further)
	}
	p.learn(3, false, 24*megabyte)
	p.learn(1, true, 0) // not measured
	if p.one != 20*megabyte || p.further >= 20*megabyte {
		t.Errorf("three calls took 4 MiB more than one, yet a further one is taken for %d bytes", p.further)
	}
	p.learn(1, true, 60*megabyte)
	if p.one != 60*megabyte {
		t.Errorf("one call takes %d bytes after a peak of 60 MiB", p.one)
	}
	for range 400 {
		p.learn(1, true, 20*megabyte)
	}
	if p.one > 21*megabyte || p.one < 20*megabyte {
		t.Errorf("one call takes %d bytes long after the peak, want about 20 MiB", p.one)
	}
}

// What is booked follows what the calls need, one more at a time than there were;
// the limit stays what is declared.
func TestBookingFollowsMemory(t *testing.T) {
	for _, c := range []struct {
		cfg  AdaptiveConfig
		peak engine.Bytes
		want [2]engine.Bytes // booked, at least and at most
	}{
		{AdaptiveConfig{}, 40 * megabyte, [2]engine.Bytes{40 * megabyte, 100 * megabyte}},
		{AdaptiveConfig{}, 600 * megabyte, [2]engine.Bytes{512 * megabyte, 512 * megabyte}},
		{AdaptiveConfig{Without: RightSizing}, 40 * megabyte, [2]engine.Bytes{512 * megabyte, 512 * megabyte}},
	} {
		s := newStand(t, c.cfg, 1)
		s.call(0, "f", 512*megabyte, sleeps(ms, c.peak))
		s.run(2 * time.Second)
		if got := s.containers("f"); len(got) != 1 || got[0].Booked != 512*megabyte {
			t.Fatalf("at first %+v, want one that books what is declared", got)
		}
		for i := range 10 {
			s.call(time.Duration(2000+10*i)*ms, "f", 512*megabyte, sleeps(ms, c.peak))
		}
		s.run(3 * time.Second)
		got := s.containers("f")
		if len(got) != 1 || got[0].Booked < c.want[0] || got[0].Booked > c.want[1] || got[0].Memory != 512*megabyte {
			t.Errorf("peak %d MiB: %+v, want one that books %v", c.peak/megabyte, got, c.want)
		}
	}
}

// A container that ran out of memory is followed by larger ones, up to a
// limit: a function that takes whatever it gets doesn't get everything.
func TestOutOfMemoryRaisesTheLimitAtOnce(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
	together(a, f, 10, constant(1), constant(1))
	last := a.Size(f)
	if last.Memory != 128*megabyte || last.Booked >= 128*megabyte {
		t.Fatalf("before, %+v", last)
	}
	for range 10 {
		a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Error: engine.ErrorOutOfMemory}, Started: 1, Ended: 1, Alone: true, Size: last})
		size := a.Size(f)
		if size.Booked < last.Memory {
			t.Errorf("books %d bytes after %d were too few", size.Booked, last.Memory)
		}
		if last.Memory < 256*megabyte && size.Memory <= last.Memory {
			t.Errorf("%d bytes again after %d were too few", size.Memory, last.Memory)
		}
		last = size
	}
	if last.Memory > 4*128*megabyte {
		t.Errorf("%d bytes in the end, for a function that declares 128 MiB", last.Memory)
	}
}

// With 128 MiB go 8 % of a core. Where limits may be raised every container has that of
// a node, hence a whole core, and books no more than it would: none is made anew.
func TestEveryContainerGetsAWholeCore(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  AdaptiveConfig
		run  execution
		want engine.Bytes
	}{
		{"computes", AdaptiveConfig{Enlarge: true}, computes(40 * ms), 3072 * megabyte},
		{"computes, but what it declares is a limit", AdaptiveConfig{}, computes(40 * ms), 128 * megabyte},
		{"computes, but sizes are fixed", AdaptiveConfig{Enlarge: true, Without: RightSizing}, computes(40 * ms), 128 * megabyte},
		{"sleeps", AdaptiveConfig{Enlarge: true}, sleeps(500*ms, 10*megabyte), 3072 * megabyte},
		{"sleeps, but what it declares is a limit", AdaptiveConfig{}, sleeps(500*ms, 10*megabyte), 128 * megabyte},
	} {
		s := newStand(t, c.cfg, 2)
		for i := range 30 {
			s.call(time.Duration(i)*2*time.Second, "f", 128*megabyte, c.run)
		}
		s.run(60 * time.Second)
		got := s.containers("f")
		if len(got) != 1 || got[0].Memory != c.want || got[0].Booked > 128*megabyte {
			t.Errorf("%s: %+v, want one with a limit of %d MiB that books no more than 128", c.name, got, c.want/megabyte)
		}
		if s.colds["f"] != 1 || len(s.made["f"]) != 1 {
			t.Errorf("%s: %d cold starts, %d containers made, want the first alone", c.name, s.colds["f"], len(s.made["f"]))
		}
	}
}

// A call that sleeps for 4 s and computes for 44 ms is not said to compute: in 512 MiB,
// with 0.67 of half a core, it takes 44 / 0.335 - 44 = 87 ms longer than on a whole
// core, and that is not the tenth for which a container would be made anew. But it is
// to be had for nothing.
func TestSleeperIsNotSlowedByItsQuota(t *testing.T) {
	for _, c := range []struct {
		enlarge bool
		want    time.Duration
	}{{true, 4044 * ms}, {false, 4131 * ms}} {
		s := newStand(t, AdaptiveConfig{Enlarge: c.enlarge}, 1)
		var took time.Duration
		for i := range 3 {
			s.call(time.Duration(10*i)*time.Second, "f", 512*megabyte, func(limit engine.Bytes) engine.Outcome {
				o := computes(44 * ms)(limit)
				o.Duration += 4 * time.Second
				took = o.Duration
				return o
			})
		}
		s.run(30 * time.Second)
		if took.Round(ms) != c.want {
			t.Errorf("enlarge %v: a call takes %v, want %v", c.enlarge, took, c.want)
		}
	}
}

// When most functions compute, those that are not known yet are taken to compute too.
func TestUnknownFunctionIsTakenForTheRest(t *testing.T) {
	for _, c := range []struct {
		rest execution
		want bool
	}{{computes(40 * ms), true}, {sleeps(40*ms, megabyte), false}} {
		s := newStand(t, AdaptiveConfig{Enlarge: true}, 1)
		for i := range 10 {
			s.call(time.Duration(i)*time.Second, "f", 128*megabyte, c.rest)
		}
		s.call(11*time.Second, "new", 128*megabyte, sleeps(40*ms, megabyte))
		s.run(11*time.Second + s.cold/2) // it has not run yet
		if got := s.p.computes(&s.p.learned[0][1], 128*megabyte); got != c.want {
			t.Errorf("a new function is taken to compute: %v, want %v", got, c.want)
		}
	}
}

// TestMisjudgedComputingIsUndone: a first call that happens to sleep for a short
// time only looks as if it computed, and once containers are shared none is seen alone.
func TestMisjudgedComputingIsUndone(t *testing.T) {
	for _, c := range []struct {
		name                 string
		cpu, took            time.Duration // alone
		company              int
		crowdCPU, crowdTook  time.Duration // of the container, and of a call
		before, after, fewer bool
	}{
		{"sleeps as a rule", 11 * ms, 266 * ms, 4, 16 * ms, 1500 * ms, true, false, true},
		{"computes", 26 * ms, 26 * ms, 4, 104 * ms, 52 * ms, true, true, true},
		{"computes on a crowded node", 26 * ms, 26 * ms, 10, 260 * ms, 130 * ms, true, true, true},
		{"sleeps", 1 * ms, 300 * ms, 4, 4 * ms, 300 * ms, false, false, false},
	} {
		a := newAdaptive(t, AdaptiveConfig{Enlarge: true})
		f := indexed(0, 256*megabyte)
		computes := func() bool { return a.computes(a.of(f), f.Spec.Memory) }
		size := engine.Size{Memory: 256 * megabyte, Booked: 256 * megabyte}
		a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Duration: c.took, CPU: c.cpu, MaxMemory: megabyte}, Started: 1, Ended: 1, Alone: true, Size: size})
		if computes() != c.before {
			t.Errorf("%s: computes after one call: %t, want %t", c.name, !c.before, c.before)
		}
		for i := range knownCrowd {
			if i == knownCrowd-1 && computes() != c.fewer {
				t.Errorf("%s: computes after %d calls in company: %t, want %t", c.name, i, !c.fewer, c.fewer)
			}
			a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Duration: c.crowdTook, CPU: c.crowdCPU, MaxMemory: megabyte}, Started: c.company, Ended: c.company, Size: size})
		}
		if computes() != c.after {
			t.Errorf("%s: computes after %d calls in company: %t, want %t", c.name, knownCrowd, !c.after, c.after)
		}
	}
}
