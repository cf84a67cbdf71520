package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

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
		return a.replacement(now, f), now.Add(reconsider)
	case a.all.node > 0 && a.all.prepared+size > preparedNodes*a.all.node:
		l.announced = false
		return 0, 0
	case p.Creating >= a.Pace(p):
		return 0, now.Add(engine.RescaleInterval)
	}
	return 1, now.Add(engine.RescaleInterval)
}

const (
	// reconsider is how often that is looked into.
	reconsider = 5 * time.Second
	// preparedNodes is on how many nodes containers are made ahead of first calls.
	preparedNodes = 2
)

// period follows functions that are called by the clock.
type period struct {
	last    engine.Instant
	every   time.Duration // mean time between calls that found the function idle
	spread  time.Duration // mean distance from that
	n       int
	outside int // of 256, calls that came outside of the window lately
	most    int // calls at once since the last one of these
	atOnce  int // mean of that, in 16ths
}

func (p *period) arrived(now engine.Instant) {
	if p.n == 0 {
		p.atOnce = 16 * p.most
	}
	p.atOnce += (16*p.most - p.atOnce) / 8
	p.most = 0
	if p.last > 0 {
		gap := now.Sub(p.last)
		if p.n == 0 {
			p.every = gap
		}
		off := gap - p.every
		if off < 0 {
			off = -off
		}
		if reach := p.reach(); p.n >= 2 {
			miss := 0
			if off > reach {
				miss = 256
			}
			p.outside += (miss - p.outside) / 8
			if miss > 0 && p.outside <= 128 { // few do: one that does counts like one at the edge
				gap, off = min(max(gap, p.every-reach), p.every+reach), reach
			}
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
	from, to = p.due(a.coldStart(l))
	width := to.Sub(from)
	penalty := a.penalty(l, f)
	cost := width + a.creation(l, f) + seconds(float64(penalty.Seconds()*float64(p.outside)/256))
	other := p.every
	if keep < p.every {
		other = keep + penalty
	}
	return from, to, cost < other
}

// due is when what takes so long is to be begun to be there for the next call, and when
// that call is late.
func (p *period) due(takes time.Duration) (from, to engine.Instant) {
	return p.last.Add(p.every - p.reach() - takes - takes/4), p.last.Add(p.every + p.reach())
}
