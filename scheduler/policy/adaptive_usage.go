package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// usage is the CPU that calls have taken lately: what they took while they ran counts
// when they end, in the window under way and in the one before.
type usage struct {
	begun       engine.Instant
	now, before time.Duration
}

const usageWindow = 30 * time.Second

func (u *usage) add(now engine.Instant, cpu time.Duration) {
	switch passed := now.Sub(u.begun); {
	case passed >= 2*usageWindow:
		*u = usage{begun: now}
	case passed >= usageWindow:
		*u = usage{begun: u.begun.Add(usageWindow), before: u.now}
	}
	u.now += cpu
}

// cores is how many were busy in the window in which more were; of the one under way
// that is known when a third of it has passed.
func (u *usage) cores(now engine.Instant) float64 {
	latest := *u
	latest.add(now, 0)
	passed := max(now.Sub(latest.begun), usageWindow/3)
	return max(float64(latest.now)/float64(passed), float64(latest.before)/float64(usageWindow))
}

func (u *usage) state(c *engine.Codec) {
	engine.Int(c, &u.begun)
	engine.Int(c, &u.now)
	engine.Int(c, &u.before)
}
