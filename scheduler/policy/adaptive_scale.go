package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Scale prices waiting against creating. With W requests waiting, c calls to a
// container, executions of E and cold starts of C, the containers that there
// are clear the backlog in W*E/(ready*c). If that takes longer than a cold start and
// what the container is worth in waiting, it wants enough new ones to clear it within one more C, W*E/(c*C) of them, those
// under way included. Short waits are not paid for at once; they add up to a
// debt, and when that is what a container costs, one more is created. While E
// is unknown it starts slowly: containers under way at most double those ready.
// Of all functions together, no more are under way than the pace allows.
func (a *Adaptive) Scale(now engine.Instant, f *engine.FunctionView, p *engine.PoolView) (int, engine.Instant) {
	l := a.of(f)
	if f.Waiting == 0 {
		if l.announced {
			return a.prepare(now, l, f)
		}
		if l.moved {
			l.moved = false
			return 1, 0
		}
		if n := a.replacement(f); n > 0 {
			return n, 0
		}
		return a.prewarm(now, l, f)
	}
	share := a.Concurrency(f)
	// Never more than the calls that there are could fill.
	useful := min((f.Waiting+share-1)/share, (f.InFlight+f.Waiting+share-1)/share-f.Ready)
	cold := a.coldStart(l)
	execution := a.expected(now, l, f)
	work := float64(f.Waiting) * float64(execution) / float64(share)
	owed := l.debt.grow(now, f)
	// A container pays for itself by sparing that much waiting.
	price := seconds(float64(cold.Seconds() * (1 + 1/a.price(l, f))))

	want := 0
	switch {
	case f.Ready == 0:
		want = int(min(max(1, math.Ceil(work/float64(cold))), float64(useful)))
	case work/float64(f.Ready) > float64(price) || !a.cfg.has(Waiting):
		want = useful
		if a.cfg.has(Waiting) {
			want = int(min(math.Ceil(work/float64(cold)), float64(useful)))
		}
	case owed > price && f.Creating == 0:
		want = 1
	}
	if l.execution.n == 0 {
		most := 0
		if f.Ready > 0 && f.InFlight > 0 && now.Sub(f.OldestGrant) > cold {
			most = max(slowStart, f.Ready)
		}
		useful = min(useful, most)
	}
	if a.computes(l, f.Spec.Memory) {
		most := p.Nodes
		if work > 4*float64(f.Ready)*float64(price) {
			most++
		}
		useful = min(useful, most-f.Ready)
	}
	want = min(min(want, useful)-f.Creating, a.all.pace.limit*max(1, p.Nodes)-p.Creating)
	if f.Ready+f.Creating == 0 {
		want = max(want, 1)
	}
	want = max(want, a.replacement(f))
	if want > 0 {
		l.debt.owed = 0
		a.missed(now, l, f, want)
	}
	return max(want, 0), 0
}

// slowStart is how many containers of an unknown function are begun with, beside the first one.
const slowStart = 2

// debt is the time that requests of a function have waited lately: it fades by
// half every ten seconds.
type debt struct {
	owed time.Duration
	at   engine.Instant
}

const debtHalfLife = 10 * time.Second

// grow adds the waiting since it was last asked, as far as one more container
// would have spared it: among many it matters little.
func (d *debt) grow(now engine.Instant, f *engine.FunctionView) time.Duration {
	passed := max(0, now.Sub(d.at))
	for age := passed; age >= debtHalfLife && d.owed > 0; age -= debtHalfLife {
		d.owed /= 2
	}
	waited := time.Duration(f.Waiting) * min(passed, engine.RescaleInterval, max(0, now.Sub(f.OldestWait)))
	d.owed += waited / time.Duration(f.Ready+1)
	d.at = now
	return d.owed
}

// expected is how long an execution takes: the moving average sees a change at
// once, the median keeps a run of short calls from hiding the usual long ones,
// and a call that still runs shows that it can take so long.
func (a *Adaptive) expected(now engine.Instant, l *learned, f *engine.FunctionView) time.Duration {
	if l.execution.n == 0 {
		d := a.all.firsts.median()
		if f.InFlight > 0 {
			d = max(d, now.Sub(f.OldestGrant))
		}
		return d
	}
	d := max(l.execution.value, l.executions.median(), time.Microsecond)
	if f.InFlight > 0 {
		d = max(d, now.Sub(f.OldestGrant))
	}
	return d
}

// pace is how many containers may be under way at once: starts take CPU from
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

// Pace sets no bound: Scale keeps its own.
func (*Adaptive) Pace(*engine.PoolView) int { return 0 }

// Wait refuses nobody early.
func (*Adaptive) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration { return 0 }
