package process

import "time"

// backoff spaces the restarts of a service that keeps dying.
type backoff struct {
	min, max time.Duration
	// healthy is the uptime that makes up for all deaths before.
	healthy time.Duration
	last    time.Duration
}

// next returns the wait before the next start, after a life of uptime.
func (b *backoff) next(uptime time.Duration) time.Duration {
	if b.last == 0 || uptime >= b.healthy {
		b.last = b.min
	} else {
		b.last = min(2*b.last, b.max)
	}
	return b.last
}
