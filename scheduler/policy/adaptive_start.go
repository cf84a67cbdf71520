package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// starts tells cold starts in sandboxes that waited from those from scratch. Both
// are in the mean of all, which is what containers are kept by: a pool that is
// rarely empty makes cold starts cheap, and keeping dear.
type starts struct{ prepared, scratch mean }

func (s *starts) add(prepared bool, took time.Duration) {
	if prepared {
		s.prepared.add(took)
	} else {
		s.scratch.add(took)
	}
}

func (s *starts) of(prepared bool) mean {
	if prepared {
		return s.prepared
	}
	return s.scratch
}

// nextStart is what a cold start would take now, by whether a sandbox waits.
func (a *Adaptive) nextStart(l *learned, f *engine.FunctionView) time.Duration {
	if l.starts.prepared.n+a.all.starts.prepared.n == 0 { // no node has a pool
		return a.coldStart(l)
	}
	waits := f.Sandboxes() > 0
	if own := l.starts.of(waits); own.n > 0 {
		return max(own.value, time.Millisecond)
	}
	if all := a.all.starts.of(waits); all.n > 0 {
		return max(all.value, time.Millisecond)
	}
	return a.coldStart(l)
}

func (s *starts) state(c *engine.Codec) {
	s.prepared.state(c)
	s.scratch.state(c)
}
