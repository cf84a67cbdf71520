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
	// rank is what a container is worth that gets idle, worked out when there were
	// so many gaps, at that turnover.
	rank     int64
	ranked   uint16
	turnover uint8
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
	if i == 0 {
		return &l.gaps
	}
	if l.further[i-1] == nil {
		l.further[i-1] = &gaps{}
	}
	return l.further[i-1]
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

// missed counts the gap that a container which has just been made shows in
// hindsight: had the one that was removed been kept, it would have been idle until
// it was wanted. Without it only the gaps within the keep-alive would ever be seen.
func (a *Adaptive) missed(wanted engine.Instant, l *learned, f *engine.FunctionView) {
	level := levelOf(f.Ready + 1)
	if level > 0 && l.further[level-1] == nil {
		return
	}
	if g := l.level(level); g.lost > 0 {
		g.lost--
		g.known = 0 // the sum of both counts does not change
		a.all.levels[level].lost--
		a.seen(l, level, max(0, wanted.Sub(g.since)))
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
	if moves(f, c, a.left(now, f)) {
		l.moved = f.Ready == 1 && l.calls > 0
		return 0
	}
	if l.calls == 0 {
		return defaultKeep
	}
	keep := a.keep(now, l, f, levelOf(f.Ready))
	if n, from, to := a.burst(l, f); n > 1 && from <= now && now < to { // then it will be seen whether it is needed
		return min(keep, to.Sub(c.IdleSince))
	}
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
