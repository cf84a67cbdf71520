package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// rolling is the plain mean of the last ten durations.
type rolling struct {
	last [10]time.Duration
	n    int // how many there have been
	sum  time.Duration
}

func (r *rolling) add(d time.Duration) {
	at := &r.last[r.n%len(r.last)]
	r.sum += d - *at
	*at = d
	r.n++
}

// mean is 0 when there are none.
func (r *rolling) mean() time.Duration {
	if r.n == 0 {
		return 0
	}
	return r.sum / time.Duration(min(r.n, len(r.last)))
}

func (r *rolling) state(c *engine.Codec) {
	engine.Int(c, &r.n)
	for i := range min(max(0, r.n), len(r.last)) {
		engine.Int(c, &r.last[i])
		if c.Reading() {
			r.sum += r.last[i]
		}
	}
}
