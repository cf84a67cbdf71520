package play

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

func TestCensus(t *testing.T) {
	const minute = engine.Instant(time.Minute)
	c := census{end: 100 * minute}
	create := []engine.Action{{Kind: engine.CreateContainer}}
	for range 9 { // gone again before it counts
		c.observe(1*minute, &engine.Event{Kind: engine.Acquire}, create)
	}
	for range 6 {
		c.observe(2*minute, &engine.Event{Kind: engine.ContainerRemoved}, nil)
	}
	// 3 up to minute 40, 4 up to 90, 5 up to the end; what comes later is no matter.
	c.observe(40*minute, &engine.Event{Kind: engine.Acquire}, create)
	c.observe(90*minute, &engine.Event{Kind: engine.Acquire}, create)
	for _, kind := range []engine.EventKind{engine.ContainerFailed, engine.ContainerLost, engine.ContainerRemoved} {
		c.observe(101*minute, &engine.Event{Kind: kind}, nil)
	}
	if got, want := c.spread(), (Spread{3, 4, 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for s, want := range map[Spread]bool{{3, 4, 5}: true, {2, 4, 5}: false, {4, 4, 6}: false} {
		if s.Steady() != want {
			t.Errorf("%+v steady: %v", s, s.Steady())
		}
	}
	short := census{end: minute}
	if got := short.spread(); got != (Spread{}) {
		t.Errorf("a load too short to settle: %+v", got)
	}
}
