package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// knownGaps is how many gaps it takes to believe in them.
const knownGaps = 3

// KeepContainer minimises what the gaps seen so far would have cost: the memory
// of keeping the container through a gap, or up to the end of the keep-alive
// and then a cold start. What is beyond the recent peak goes sooner.
func (a *Adaptive) KeepContainer(now engine.Instant, f *engine.FunctionView, _ *engine.ContainerView) time.Duration {
	l := a.of(f)
	keep := a.cfg.KeepFurther
	if l.gaps.total >= knownGaps {
		keep = min(max(l.gaps.cheapest(a.coldStart(l), a.cfg.ColdWorth/nodeShare(f.Spec.Memory)), a.cfg.KeepMin), a.cfg.KeepMax)
		if now.Sub(l.first) < 2*a.cfg.KeepFurther {
			// Longer gaps cannot have been seen yet.
			keep = max(keep, a.cfg.KeepFurther)
		}
	} else if f.Ready == 1 {
		keep = a.cfg.KeepFirst
	}
	share := a.Concurrency(f)
	if needed := (l.peak.recent(now, a.cfg.PeakWindow) + share - 1) / share; f.Ready > max(1, needed) {
		keep = min(keep, a.cfg.KeepFurther)
	}
	return keep
}

// Evict takes what is nearest to the end of its keep-alive first, and nothing in
// the first half of it unless there is no other way to room.
func (a *Adaptive) Evict(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView, p *engine.PoolView) (int64, bool) {
	keep, idle := a.KeepContainer(now, f, c), now.Sub(c.IdleSince)
	return int64(keep - idle), p.Exhausted || 2*idle > keep
}

// KeepNode keeps an empty node for twice as long as it takes to get one, and
// the last one while there may be more to do.
func (a *Adaptive) KeepNode(_ engine.Instant, n *engine.NodeView, p *engine.PoolView) time.Duration {
	keep := min(max(2*a.reserve.value, a.cfg.KeepNodeMin), a.cfg.KeepNodeMax)
	if p.Nodes == 1 {
		keep = max(keep, p.LastActive.Add(a.cfg.KeepLastNode).Sub(n.EmptySince))
	}
	return keep
}

// missed are containers that expired, counted until others are created in their
// place: then it shows for how long they should have been kept. Without it only
// the gaps within the keep-alive would ever be seen, and learned.
type missed struct {
	n    int
	idle engine.Instant // since when the last of them was
}

func (m *missed) add(idle engine.Instant) { m.n, m.idle = m.n+1, idle }

func (m *missed) regret(now engine.Instant, created int, gaps *histogram) {
	for range min(created, m.n) {
		gaps.add(now.Sub(m.idle))
		m.n--
	}
}

func (m *missed) state(c *engine.Codec) {
	engine.Int(c, &m.n)
	engine.Int(c, &m.idle)
}

// peak remembers the most of something in this window of time and in the last.
type peak struct {
	start     engine.Instant
	now, last int
}

func (p *peak) record(now engine.Instant, window time.Duration, n int) {
	if age := now.Sub(p.start); age >= 2*window {
		p.start, p.last, p.now = now, 0, 0
	} else if age >= window {
		p.start, p.last, p.now = p.start.Add(window), p.now, 0
	}
	p.now = max(p.now, n)
}

func (p *peak) recent(now engine.Instant, window time.Duration) int {
	switch age := now.Sub(p.start); {
	case age >= 2*window:
		return 0
	case age >= window:
		return p.now
	}
	return max(p.now, p.last)
}

func (p *peak) state(c *engine.Codec) {
	engine.Int(c, &p.start)
	engine.Int(c, &p.now)
	engine.Int(c, &p.last)
}
