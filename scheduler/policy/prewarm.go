package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// retryPrewarm is how long it takes until a container that found no room is
// tried again, as long as it is of use.
const retryPrewarm = time.Second

// idleWindow is when a function's container is to be there though nobody calls:
// between two times after its last activity. The container is unloaded after
// each call unless the first is zero.
type idleWindow struct {
	// since is the last activity, if any is known.
	since      engine.Instant
	known      bool
	open, shut time.Duration
}

// begin counts from now on; the window is as long as given while nobody has
// said otherwise.
func (w *idleWindow) begin(now engine.Instant, shut time.Duration) {
	w.since, w.known = now, true
	if w.shut == 0 {
		w.shut = shut
	}
}

// unloads: the container is not wanted right after a call.
func (w *idleWindow) unloads() bool { return w.open > 0 }

// prewarm says how many containers are to be made for a call that is expected,
// and when to ask again. They take only memory that is free, as in FaasCache's
// simulator: the engine neither evicts nor reserves for calls that have not come.
func (w *idleWindow) prewarm(now engine.Instant, f *engine.FunctionView) (create int, again engine.Instant) {
	if !w.unloads() || f.Ready+f.Creating+f.Waiting+f.InFlight > 0 || now >= w.since.Add(w.shut) {
		return 0, 0
	}
	if at := w.since.Add(w.open); now < at {
		return 0, at
	}
	return 1, now.Add(retryPrewarm)
}

// keep is how long the idle container stays, or that long when nothing is known.
func (w *idleWindow) keep(c *engine.ContainerView, unknown time.Duration) time.Duration {
	if !w.known {
		return unknown
	}
	return w.since.Add(w.shut).Sub(c.IdleSince)
}

func (w *idleWindow) state(c *engine.Codec) {
	engine.Int(c, &w.since)
	engine.Bool(c, &w.known)
	engine.Int(c, &w.open)
	engine.Int(c, &w.shut)
}
