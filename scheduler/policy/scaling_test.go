package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// The cases of SchedulingDecisionMaker.scala, with a duration of 40 ms: a
// container gets 2.5 calls done in 100 ms.
func TestOpenWhiskDecision(t *testing.T) {
	const d = 40 * time.Millisecond
	for _, c := range []struct {
		name                            string
		waiting, stale, ready, creating int
		duration                        time.Duration
		want                            int
	}{
		{"nothing is stale, no duration", 9, 0, 1, 0, 0, 0},
		{"stale, no duration", 9, 5, 1, 2, 0, 3},
		{"stale: 10 calls by 2.5", 10, 1, 3, 0, d, 4},
		{"stale: less those under way", 10, 1, 3, 3, d, 1},
		{"stale: not more than wait", 3, 1, 3, 0, time.Second, 3},
		{"keeps up: 3 containers do 7.5", 7, 0, 3, 0, d, 0},
		{"falls behind: 10 calls by 2.5, less 2", 10, 0, 1, 1, d, 2},
		{"falls behind, but enough containers", 3, 0, 3, 0, time.Second, 0},
	} {
		l, f := &pulled{}, &engine.FunctionView{Waiting: c.waiting, Ready: c.ready, Creating: c.creating}
		if c.duration > 0 {
			l.durations.add(c.duration)
		}
		if got := max(0, l.decide(f, c.stale, 1)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRollingForgetsTheEleventh(t *testing.T) {
	var r rolling
	for i := range 12 {
		r.add(time.Duration(i) * time.Second)
	}
	if got := r.mean(); got != 6500*time.Millisecond { // 2 to 11
		t.Errorf("mean %v, want 6.5s", got)
	}
}

// A function is reported when more than half of its gaps are below 60 s.
func TestPulseNetFilter(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name     string
		gaps     []time.Duration
		sporadic bool
	}{
		{"one call", nil, true},
		{"a short gap", []time.Duration{59 * s}, false},
		{"just too long", []time.Duration{60 * s}, true},
		{"half of them", []time.Duration{s, 99 * s, s, 99 * s}, true},
		{"more than half", []time.Duration{s, 99 * s, s, 99 * s, s}, false},
	} {
		p, f := newSuite[*pulseNet](t, "pulsenet"), function(megabyte)
		callsApart(p, f, c.gaps...)
		if got := p.functions.of(f).sporadic(); got != c.sporadic {
			t.Errorf("%s: sporadic %v", c.name, got)
		}
	}
}

// A container is an emergency one if its first call was granted when it got ready.
func TestPulseNetRetires(t *testing.T) {
	for _, c := range []struct {
		name    string
		ready   time.Duration
		uses    int
		waiting int
		want    bool
	}{
		{"made for the call", 7 * time.Second, 1, 0, true},
		{"made before", 6 * time.Second, 1, 0, false},
		{"its second call", 7 * time.Second, 2, 0, false},
		{"another waits, and has no room", 7 * time.Second, 1, 1, false},
	} {
		p, f := newSuite[*pulseNet](t, "pulsenet"), function(megabyte)
		f.Waiting = c.waiting
		p.Returned(at(10*time.Second), f, engine.Call{Elapsed: 3 * time.Second})
		if got := p.Retire(at(10*time.Second), f, &engine.ContainerView{ReadyAt: at(c.ready), Uses: c.uses}); got != c.want {
			t.Errorf("%s: retires %v", c.name, got)
		}
	}
}

// An emergency container stays when the autoscaler wants one more than are kept.
func TestPulseNetKeepsWhatItWouldMake(t *testing.T) {
	for desired, want := range map[int]bool{2: true, 3: false} {
		p, f := newSuite[*pulseNet](t, "pulsenet"), function(megabyte)
		callsApart(p, f, time.Second)
		f.Ready, f.InFlight = 3, 1 // two are kept
		row := p.functions.of(f)
		row.emergencies, row.regular.desired = 1, desired
		now := at(time.Hour + 2*time.Second)
		p.Returned(now, f, engine.Call{Elapsed: time.Second})
		f.InFlight = 0
		if got := p.Retire(now, f, &engine.ContainerView{ReadyAt: now.Add(-time.Second), Uses: 1}); got != want {
			t.Errorf("%d wanted, 2 kept: retires %v", desired, got)
		}
		if row.emergencies != 0 {
			t.Errorf("%d emergencies left", row.emergencies)
		}
	}
}

// Calls take 100 ms; the oldest request has waited since 0.
func TestCidreSpeculates(t *testing.T) {
	for _, c := range []struct {
		name                               string
		waited                             time.Duration
		waiting, inFlight, ready, underWay int
		want                               int
	}{
		{"no container: one each", 0, 3, 0, 0, 0, 3},
		{"waiting is shorter", 125 * time.Millisecond, 8, 4, 4, 0, 0},
		// 12 calls of 100 ms in 200 ms are 6 containers, 2 more than there are.
		{"waiting is longer", 126 * time.Millisecond, 8, 4, 4, 0, 2},
		{"those under way count", 126 * time.Millisecond, 8, 4, 4, 1, 1},
		// 0.8 × 8 is more than 6.
		{"enough of them", 126 * time.Millisecond, 8, 4, 8, 0, 0},
	} {
		p, f := newSuite[*cidre](t, "cidre"), function(megabyte)
		p.Returned(0, f, engine.Call{Elapsed: 100 * time.Millisecond})
		f.Waiting, f.InFlight, f.Ready, f.Creating = c.waiting, c.inFlight, c.ready, c.underWay
		if got, _ := p.Scale(at(c.waited), f, nil); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Little's law: ten calls a second of 450 ms are 4.5 at a time, rounded up to 5.
func TestNightcoreLimit(t *testing.T) {
	n, f := newSuite[*nightcore](t, "nightcore"), function(megabyte)
	if got := n.Concurrency(f); got != 1 {
		t.Errorf("limit %d while nothing is known, want 1", got)
	}
	for i := range 5 {
		n.Arrived(at(time.Duration(i)*100*time.Millisecond), f)
		n.Returned(0, f, engine.Call{Elapsed: 450 * time.Millisecond})
	}
	f.Waiting = 9
	for _, c := range []struct{ declared, ready, creating, concurrency, create int }{
		{0, 0, 0, 1, 5}, {0, 5, 0, 1, 0}, {1, 0, 0, 1, 5}, {1, 3, 0, 1, 2}, {1, 3, 1, 1, 1}, {2, 0, 0, 2, 3}, {8, 0, 0, 5, 1},
	} {
		f.Spec.Concurrency, f.Ready, f.Creating = c.declared, c.ready, c.creating
		create, _ := n.Scale(0, f, nil)
		if got := n.Concurrency(f); got != c.concurrency || create != c.create {
			t.Errorf("%+v: concurrency %d, creates %d", c, got, create)
		}
	}
	// A sample changes an average by a thousandth: 0.999 × 0.45 s + 0.001 × 100 s.
	n.Returned(0, f, engine.Call{Elapsed: 100 * time.Second})
	if got := n.functions.of(f).took; got < 0.5495 || got > 0.5496 {
		t.Errorf("average duration %v s, want 0.54955", got)
	}
}
