package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Evict ranks by what it is worth to keep the container, in times of what its
// memory costs. It may go for another function that is more urgent than that, or
// once it has been idle for half of its keep-alive.
//
// A container that was used just now is likely to be used again at once, whatever
// its function; that says little of what it is worth when memory is short. So the
// rank is that which it will have when it is as old as those that were evicted lately.
func (a *Adaptive) Evict(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView, wanted *engine.FunctionView) (int64, bool) {
	l := a.of(f)
	level := levelOf(f.Ready)
	idle := now.Sub(c.IdleSince)
	rank := int64(c.IdleSince)
	if a.cfg.has(Ranking) {
		rank = a.worth(l, f, level, idle)
	}
	if wanted == nil || a.of(wanted).apart { // nobody's memory is in the way of that
		return rank, false
	}
	if 2*idle > a.keep(now, l, f, level) || !a.cfg.has(Ranking) && wanted.Pool.Exhausted {
		return rank, true
	}
	return rank, wanted.Pool.Exhausted && float64(rank) <= float64(evictBelow*a.urgency(now, wanted))*rankUnit
}

// worth is that of a container of a level which has been idle for so long. What it
// is worth when it gets idle changes little from one call to the next.
func (a *Adaptive) worth(l *learned, f *engine.FunctionView, level int, idle time.Duration) int64 {
	g, turnover := l.level(level), bucket(a.all.turnover.value)
	if idle == 0 && g.ranked > 0 && g.total >= g.ranked && g.total-g.ranked <= g.ranked/8 && int(g.turnover) == turnover {
		return g.rank
	}
	if g.total == 0 && a.all.levels[level].total == 0 {
		return 0 // nothing is known of such containers
	}
	worth := worthKeeping(&g.histogram, g.lost, &a.all.levels[level], a.penalty(l, f), max(idle, a.all.turnover.value))
	rank := int64(float64(worth * rankUnit))
	if idle == 0 {
		g.rank, g.ranked, g.turnover = rank, g.total, uint8(turnover)
	}
	return rank
}

// Urgency is what it costs to let those wait who wait for the function, in times
// of what the memory costs that would serve them; it grows as they wait.
func (a *Adaptive) Urgency(now engine.Instant, f *engine.FunctionView) int64 {
	return -int64(float64(a.urgency(now, f) * rankUnit))
}

func (a *Adaptive) urgency(now engine.Instant, f *engine.FunctionView) float64 {
	waited := float64(max(0, now.Sub(f.OldestWait))) / float64(patience)
	return min(float64(a.price(a.of(f), f)*(1+float64(waited*waited))), 1e12)
}

const (
	// rankUnit keeps three decimals of a worth or an urgency.
	rankUnit = 1000
	// evictBelow is how many times as urgent as those who wait a container may be
	// worth keeping, and go all the same: who waits is certain, who may come is not.
	evictBelow = 4.0
	// patience is the waiting that doubles a request's urgency.
	patience = 5 * time.Second
)
