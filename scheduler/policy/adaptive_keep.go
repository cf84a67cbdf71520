package policy

import (
	"math/bits"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// levels: the containers of a function form a stack, as the one used last is
// granted first. The first one is idle between bursts, the tenth between high
// tides; so their gaps are counted apart, by powers of two.
const levels = 5

func levelOf(container int) int { return min(bits.Len(uint(max(1, container)))-1, levels-1) }

// gaps counts for how long containers of one level were idle until they were
// wanted again.
type gaps struct {
	histogram
	// lost containers have been removed idle and not been wanted since; the last
	// of them was idle since then.
	lost  int
	since engine.Instant
	// keep is the answer, worked out when total was known.
	keep  time.Duration
	known uint16
	price time.Duration
}

func (l *learned) level(i int) *gaps {
	if l.levels[i] == nil {
		l.levels[i] = &gaps{}
	}
	return l.levels[i]
}

func (a *Adaptive) seen(l *learned, level int, gap time.Duration) {
	if g := l.level(level); g.total < first {
		a.all.levels[level].add(gap) // all functions alike, however often they are called
	}
	l.level(level).add(gap)
}

func (a *Adaptive) gone(now engine.Instant, f *engine.FunctionView, idle time.Duration) {
	i := levelOf(f.Ready)
	g := a.of(f).level(i)
	g.lost++
	g.since = now.Add(-idle)
	a.all.levels[i].lost++
}

// missed counts the gaps that containers made now show in hindsight: had those
// that were removed been kept, they would have been idle for so long. Without it
// only the gaps within the keep-alive would ever be seen.
func (a *Adaptive) missed(now engine.Instant, l *learned, f *engine.FunctionView, created int) {
	for i := range created {
		level := levelOf(f.Ready + f.Creating + i + 1)
		if g := l.levels[level]; g != nil && g.lost > 0 {
			g.lost--
			g.known = 0 // the sum of both counts does not change
			a.all.levels[level].lost--
			a.seen(l, level, now.Sub(g.since))
		}
	}
}

const (
	knownGaps   = 3
	first       = 8 // of each function count for all
	defaultKeep = 600 * time.Second
	furtherKeep = 30 * time.Second // for all but the last container
	leastKeep   = 100 * time.Millisecond
)

// KeepContainer minimises what the gaps seen so far would have cost: the memory
// of keeping the container through a gap, or up to the end of the keep-alive
// and then a cold start.
func (a *Adaptive) KeepContainer(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	if !a.cfg.has(Pricing) {
		return defaultKeep
	}
	l := a.of(f)
	if a.Retire(now, f, c) {
		return 0
	}
	if a.draining(f.Pool, c.Node) {
		l.moved = f.Ready == 1 && l.level(0).total >= knownGaps
		return 0
	}
	if l.calls == 0 {
		return defaultKeep
	}
	keep := a.keep(now, l, f, levelOf(f.Ready))
	if f.Ready == 1 {
		if from, to, ok := l.period.window(a, l, f, keep); ok && a.cfg.has(Prewarming) {
			switch {
			case now >= from-engine.Instant(time.Second) && now < to:
				return to.Sub(c.IdleSince)
			case now < from:
				return leastKeep
			}
		}
	}
	return max(keep, leastKeep)
}

// keep is how long an idle container of that level is kept.
func (a *Adaptive) keep(now engine.Instant, l *learned, f *engine.FunctionView, level int) time.Duration {
	g := l.level(level)
	penalty := a.penalty(l, f)
	if g.known != g.total+uint16(g.lost)+1 || penalty > g.price+g.price/8 || penalty < g.price-g.price/8 {
		g.keep = cheapest(&g.histogram, g.lost, &a.all.levels[level], penalty)
		g.known, g.price = g.total+uint16(g.lost)+1, penalty
	}
	longest := defaultKeep
	if level > 0 {
		longest = furtherKeep
	}
	if even := min(penalty, longest); g.total < knownGaps || now.Sub(l.first) < even {
		// As long as it costs what it may spare: at most twice what would have been
		// best. Gaps longer than the function's age can't have been seen.
		return max(g.keep, even)
	}
	return g.keep
}

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
		g := l.level(level)
		worth := worthKeeping(&g.histogram, g.lost, &a.all.levels[level], a.penalty(l, f), max(idle, a.all.turnover.value))
		rank = int64(float64(worth * rankUnit))
	}
	if wanted == nil {
		return rank, false
	}
	if 2*idle > a.keep(now, l, f, level) || !a.cfg.has(Ranking) && wanted.Pool.Exhausted {
		return rank, true
	}
	return rank, wanted.Pool.Exhausted && float64(rank) <= float64(evictBelow*a.urgency(now, wanted))*rankUnit
}

const rankUnit = 1000

var evictBelow = 4.0

// Urgency is what it costs to let those wait who wait for the function, in times
// of what the memory costs that would serve them; it grows as they wait.
func (a *Adaptive) Urgency(now engine.Instant, f *engine.FunctionView) int64 {
	return -int64(float64(a.urgency(now, f) * rankUnit))
}

func (a *Adaptive) urgency(now engine.Instant, f *engine.FunctionView) float64 {
	waited := float64(max(0, now.Sub(f.OldestWait))) / float64(patience)
	return float64(a.price(a.of(f), f) * (1 + float64(waited*waited)))
}

// patience is the waiting that doubles a request's urgency.
var patience = 8 * time.Second

// prewarm makes the first container ahead of a call that is due.
func (a *Adaptive) prewarm(now engine.Instant, l *learned, f *engine.FunctionView) (int, engine.Instant) {
	if f.Ready+f.Creating+f.InFlight > 0 || !a.cfg.has(Prewarming) || !a.cfg.has(Pricing) {
		return 0, 0
	}
	from, to, ok := l.period.window(a, l, f, a.keep(now, l, f, 0))
	switch {
	case !ok || now >= to:
		return 0, 0
	case now < from:
		return 0, from
	}
	return 1, 0
}

// prepare makes the first container of a function that was announced, as far as
// the pace allows, and as long as all that is so prepared fits on a few nodes.
func (a *Adaptive) prepare(now engine.Instant, l *learned, f *engine.FunctionView) (int, engine.Instant) {
	p, size := f.Pool, a.Size(f).Booked
	switch {
	case l.calls > 0:
		l.announced = false
		return 0, 0
	case f.Ready+f.Creating > 0:
		if !l.prepared {
			l.prepared = true
			a.all.prepared += size
		}
		// What is learned of others may call for another size.
		return a.replacement(f), now.Add(reconsider)
	case a.all.node > 0 && a.all.prepared+size > preparedNodes*a.all.node:
		l.announced = false
		return 0, 0
	case p.Creating >= a.all.pace.limit*max(1, p.Nodes):
		return 0, now.Add(engine.RescaleInterval)
	}
	return 1, now.Add(engine.RescaleInterval)
}

// reconsider is how often.
const reconsider = 5 * time.Second

// preparedNodes is on how many nodes containers are made ahead of first calls.
const preparedNodes = 2

// period follows functions that are called by the clock.
type period struct {
	last    engine.Instant
	every   time.Duration // mean time between calls that found the function idle
	spread  time.Duration // mean distance from that
	n       int
	outside int // of 16, calls that came outside of the window
}

func (p *period) arrived(now engine.Instant) {
	if p.last > 0 {
		gap := now.Sub(p.last)
		if p.n == 0 {
			p.every = gap
		}
		off := gap - p.every
		if off < 0 {
			off = -off
		}
		if p.n >= 2 {
			miss := 0
			if off > p.reach() {
				miss = 256
			}
			p.outside += (miss - p.outside) / 8
		}
		p.every += (gap - p.every) / 8
		p.spread += (off - p.spread) / 8
		if p.n < 1000 {
			p.n++
		}
	}
	p.last = now
}

func (p *period) reach() time.Duration { return 3*p.spread + p.every/128 }

// window is when the next call is expected, the start of a container included; ok
// if it costs less to make one for it than to keep one.
func (p *period) window(a *Adaptive, l *learned, f *engine.FunctionView, keep time.Duration) (from, to engine.Instant, ok bool) {
	if p.n < 3 {
		return 0, 0, false
	}
	cold := a.coldStart(l)
	lead := cold + cold/4
	width := 2*p.reach() + lead
	penalty := a.penalty(l, f)
	cost := width + a.creation(l, f) + seconds(float64(penalty.Seconds()*float64(p.outside)/256))
	other := keep
	if keep < p.every {
		other = keep + penalty
	} else {
		other = p.every
	}
	from = p.last.Add(p.every - p.reach() - lead)
	to = p.last.Add(p.every + p.reach())
	return from, to, cost < other
}
