package policy

import (
	"testing"
	"time"
)

const tenth = 100 * time.Millisecond

// Averages by hand: the time that calls have spent by the whole seconds of the window.
func TestLoad(t *testing.T) {
	var l load
	l.record(at(100*time.Second), 4)
	l.record(at(102*time.Second+5*tenth), 0) // 10 call seconds
	l.record(at(104*time.Second), 1)
	for _, c := range []struct {
		at     time.Duration
		window int64
		spent  time.Duration
		of     time.Duration
	}{
		{104 * time.Second, 60, 10 * time.Second, 4 * time.Second},
		{104*time.Second + 9*tenth, 60, 10 * time.Second, 4 * time.Second}, // the second that runs is not counted
		{106 * time.Second, 6, 12 * time.Second, 6 * time.Second},
		{108 * time.Second, 6, 6 * time.Second, 6 * time.Second}, // 2 in second 102, then 0, 1, 1, 1, 1
		{160 * time.Second, 60, 66 * time.Second, 60 * time.Second},
		{163 * time.Second, 60, 59 * time.Second, 60 * time.Second}, // without the seconds before 103
		{1000 * time.Second, 60, 60 * time.Second, 60 * time.Second},
	} {
		l.advance(at(c.at))
		if spent, of := l.over(c.window); spent != c.spent || of != c.of {
			t.Errorf("at %v: %v in %v, want %v in %v", c.at, spent, of, c.spent, c.of)
		}
	}
	// After a minute without a call it begins anew.
	l.record(at(1000*time.Second), 0)
	l.record(at(2000*time.Second), 2)
	l.advance(at(2003 * time.Second))
	if spent, of := l.over(60); spent != 6*time.Second || of != 3*time.Second {
		t.Errorf("begun anew: %v in %v, want 6s in 3s", spent, of)
	}
}

// The rule of Knative's autoscaler.go for a target of 70 %.
func TestAutoscaler(t *testing.T) {
	type step struct {
		at           int // second, from which on there are so many calls
		calls, ready int
		want         int
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		// At first there is no load, and half of what is ready is the least.
		{"steady: 7 by 0.7 is 10", []step{{2, 7, 10, 5}, {62, 7, 10, 10}, {120, 7, 10, 10}}},
		// 1 call for 2 s and 14 for 4 s in the panic window are 9.7, by 0.7 is 14, no
		// less than twice the 2 that are ready.
		{"a jump is seen in six seconds", []step{{2, 1, 2, 1}, {60, 14, 2, 2}, {64, 14, 2, 14}}},
		// After it, nothing becomes less before a minute has passed.
		{"panic holds", []step{{2, 1, 2, 1}, {60, 14, 2, 2}, {64, 1, 2, 14}, {66, 1, 14, 14}, {124, 1, 14, 14}, {126, 1, 14, 7}}},
		{"never to less than half", []step{{2, 7, 10, 5}, {62, 0, 10, 10}, {182, 0, 10, 5}, {184, 0, 5, 2}, {186, 0, 1, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a autoscaler
			for _, s := range c.steps {
				now := at(time.Duration(s.at) * time.Second)
				a.refresh(now, s.ready, 70)
				if a.desired != s.want {
					t.Errorf("at %d s: %d wanted, want %d", s.at, a.desired, s.want)
				}
				a.load.record(now, s.calls)
			}
		})
	}
}

// Between decisions, on even seconds, nothing changes.
func TestAutoscalerTicks(t *testing.T) {
	var a autoscaler
	a.refresh(at(500*time.Millisecond), 1, 100)
	a.load.record(at(500*time.Millisecond), 9)
	if a.refresh(at(1999*time.Millisecond), 1, 100); a.desired != 0 || a.next != at(2*time.Second) {
		t.Errorf("%d wanted before the decision at %v", a.desired, a.next)
	}
	// 13.5 call seconds in 2 s.
	if a.refresh(at(2*time.Second), 1, 100); a.desired != 7 {
		t.Errorf("%d wanted, want 7", a.desired)
	}
}
