package linux

import (
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

var _ sandbox.Phased = (*container)(nil)

// Phases are what the container's creation took.
func (c *container) Phases() sandbox.Phases { return c.phases }

// stopwatch tells the phases of one creation apart.
type stopwatch struct {
	phases sandbox.Phases
	last   time.Time
}

func newStopwatch() *stopwatch { return &stopwatch{last: time.Now()} }

// lap adds to a phase the time since the last lap.
func (w *stopwatch) lap(phase *time.Duration) {
	now := time.Now()
	*phase += now.Sub(w.last)
	w.last = now
}
