package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// load measures how many calls of a function run or wait, second by second for
// the last minute, as Knative's autoscaler does.
type load struct {
	// seconds holds the time that calls have spent in each second, by its
	// number; the one that runs is not counted in any average.
	seconds [loadWindow + 1]time.Duration
	// at is up to when everything is counted, first the second in which it
	// began after a minute without any call.
	at    engine.Instant
	first int64
	calls int
}

// loadWindow is the longest window, in seconds.
const loadWindow = 60

// record says that there are so many calls from now on.
func (l *load) record(now engine.Instant, calls int) {
	l.advance(now)
	l.calls = calls
}

func (l *load) advance(now engine.Instant) {
	if now.Sub(l.at) > (loadWindow+1)*time.Second {
		// All that is remembered would be overwritten.
		l.seconds = [loadWindow + 1]time.Duration{}
		l.at = (now/engine.Instant(time.Second) - loadWindow) * engine.Instant(time.Second)
		if l.first = second(l.at); l.calls == 0 {
			l.at, l.first = now, second(now)
		}
	}
	for l.at < now {
		s := second(l.at)
		until := min(now, engine.Instant(s+1)*engine.Instant(time.Second))
		l.seconds[s%int64(len(l.seconds))] += time.Duration(l.calls) * until.Sub(l.at)
		if l.at = until; second(until) > s {
			l.seconds[second(until)%int64(len(l.seconds))] = 0
		}
	}
}

func second(at engine.Instant) int64 { return int64(at) / int64(time.Second) }

// over is the time that calls have spent in the last whole seconds, so many at
// most, and how many these are, 1 at least. The load is the one by the other.
func (l *load) over(window int64) (spent, of time.Duration) {
	this := second(l.at)
	n := min(window, this-l.first)
	for s := this - n; s < this; s++ {
		spent += l.seconds[s%int64(len(l.seconds))]
	}
	return spent, time.Duration(max(1, n)) * time.Second
}

func (l *load) state(c *engine.Codec) {
	for i := range l.seconds {
		engine.Int(c, &l.seconds[i])
	}
	engine.Int(c, &l.at)
	engine.Int(c, &l.first)
	engine.Int(c, &l.calls)
	if c.Reading() && l.at < 0 {
		c.Fail("the load is measured up to %d", l.at)
	}
}
