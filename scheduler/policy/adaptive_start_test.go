package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// What a sandbox that waited took is told from what it takes without one; a
// function is kept by what it takes as a rule.
func TestStarts(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), inService(t, 128*megabyte, 0)
	l := a.of(f)
	start := func(prepared bool, took time.Duration) {
		c := idle(0, 0)
		c.Prepared = prepared
		for range 8 {
			a.Started(engine.Instant(time.Hour), f, c, took)
		}
	}
	start(false, 400*ms)
	if got, want := a.nextStart(l, f), a.coldStart(l); got != want || want < 300*ms {
		t.Errorf("without a pool: %v, want %v", got, want)
	}
	start(true, 20*ms)
	if got := a.nextStart(l, f); got != 400*ms {
		t.Errorf("nothing waits: %v, want 400ms", got)
	}
	if got := a.coldStart(l); got < 20*ms || got > 200*ms {
		t.Errorf("as a rule: %v, want between the two", got)
	}
}
