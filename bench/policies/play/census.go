package play

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Spread is how many containers there were at once after the first Settling:
// Median for half of the time or less, and for half of the time or more.
type Spread struct{ Min, Median, Max int }

// Settling is how long a policy has to find out what the load is.
const Settling = 10 * time.Minute

// census counts containers from the decision to create them until they are gone.
// It is for platforms on which no node is lost.
type census struct {
	// end of the load: what comes after it does not count.
	end   engine.Instant
	now   int
	since engine.Instant
	// lasted is how long there were so many.
	lasted []time.Duration
}

func (c *census) observe(now engine.Instant, ev *engine.Event, actions []engine.Action) {
	change := 0
	switch ev.Kind {
	case engine.ContainerFailed, engine.ContainerLost, engine.ContainerRemoved:
		change--
	}
	for i := range actions {
		if actions[i].Kind == engine.CreateContainer {
			change++
		}
	}
	if change != 0 {
		c.pass(now)
		c.now += change
	}
}

// pass counts the time up to t, but neither that of settling nor that after the load.
func (c *census) pass(t engine.Instant) {
	for len(c.lasted) <= c.now {
		c.lasted = append(c.lasted, 0)
	}
	from := max(c.since, engine.Instant(Settling))
	c.lasted[c.now] += max(0, min(t, c.end).Sub(from))
	c.since = t
}

// spread is zero if the load ends before the policy has settled.
func (c *census) spread() Spread {
	c.pass(c.end)
	total := time.Duration(0)
	for _, d := range c.lasted {
		total += d
	}
	var s Spread
	first, before := true, time.Duration(0)
	for n, d := range c.lasted {
		if d == 0 {
			continue
		}
		if first {
			s.Min, first = n, false
		}
		if before*2 < total {
			s.Median = n
		}
		s.Max, before = n, before+d
	}
	return s
}

// Steady tells whether the number stays within 1 of its median.
func (s Spread) Steady() bool { return s.Max-s.Median <= 1 && s.Median-s.Min <= 1 }
