package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// pace is how many containers a node may have under way at once: starts take CPU from
// each other and from running calls. It rises by one when as many have got
// ready in good time, and falls by a quarter when they take far longer than the
// function's fastest, at most once for as many as were under way.
type pace struct {
	limit, quick, slow int
}

const (
	firstPace = 2
	leastPace = 1
	mostPace  = 64
	tooSlow   = 2 // times the fastest
)

func (p *pace) started(took, fastest time.Duration) {
	if fastest > 0 && took > tooSlow*fastest+10*time.Millisecond {
		if p.slow++; p.slow >= max(1, p.limit/2) {
			p.limit, p.slow, p.quick = max(leastPace, p.limit*3/4), 0, 0
		}
		return
	}
	if p.quick++; p.quick >= p.limit {
		p.limit, p.slow, p.quick = min(mostPace, p.limit+1), 0, 0
	}
}

// Pace is that of all nodes together.
func (a *Adaptive) Pace(p *engine.PoolView) int { return a.all.pace.limit * max(1, p.Nodes) }

// Wait: a container in service may come back at any moment, but a new one takes
// most of the shortest cold start that the function has had at least.
func (a *Adaptive) Wait(_ engine.Instant, f *engine.FunctionView, _ *engine.PoolView) time.Duration {
	if f.Ready+f.Creating > 0 {
		return 0
	}
	return a.of(f).fastest / 2
}
