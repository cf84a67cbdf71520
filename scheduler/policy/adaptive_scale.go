package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Scale prices waiting against creating. With W requests waiting, c calls to a
// container, executions of E and cold starts of C, the containers that there
// are clear the backlog in W*E/(ready*c). If that takes more than theta*C, it
// wants enough new ones to clear it within one more C, W*E/(c*C) of them, those
// under way included. Short waits are not paid for at once; they add up to a
// debt, and when that is what a container costs, one more is created. While E
// is unknown it starts slowly: containers under way at most double those ready.
// Of all functions together, no more are under way than the pace allows.
func (a *Adaptive) Scale(now engine.Instant, f *engine.FunctionView, p *engine.PoolView) (int, engine.Instant) {
	if f.Waiting == 0 {
		return 0, 0
	}
	l := a.of(f)
	share := a.Concurrency(f)
	// Never more than the calls that there are could fill.
	useful := min((f.Waiting+share-1)/share, (f.InFlight+f.Waiting+share-1)/share-f.Ready)
	cold := float64(a.coldStart(l))
	execution, known := l.expected(now, f)
	work := float64(f.Waiting) * float64(execution) / float64(share)
	owed := l.debt.grow(now, f)

	want := 0
	switch {
	case !known:
		want = max(slowStart, f.Ready)
	case f.Ready == 0 || work/float64(f.Ready) > float64(a.cfg.Theta*cold):
		want = int(min(math.Ceil(work/cold), float64(useful)))
	case owed > a.price(l, f) && f.Creating == 0:
		want = 1
	}
	want = min(min(want, useful)-f.Creating, a.pace.limit-p.Creating)
	if f.Ready+f.Creating == 0 {
		want = max(want, 1)
	}
	if want > 0 {
		l.debt.owed = 0
		l.missed.regret(now, want, &l.gaps)
	}
	return max(want, 0), 0
}

// slowStart is how many containers of an unknown function are begun with.
const slowStart = 5

// price is what one more container costs, in seconds of somebody's waiting: its
// start, which holds up others on the node, and its memory for as long as it is
// likely to be kept.
func (a *Adaptive) price(l *learned, f *engine.FunctionView) time.Duration {
	memory := float64(float64(a.KeepContainer(0, f, nil)) * nodeShare(f.Spec.Memory))
	return a.coldStart(l) + time.Duration(memory/a.cfg.ColdWorth)
}

// nodeShare is the part of a node, as the contest has them, that the memory is.
func nodeShare(memory engine.Bytes) float64 { return float64(max(memory, 1<<20)) / (3 << 30) }

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

func (d *debt) state(c *engine.Codec) {
	engine.Int(c, &d.owed)
	engine.Int(c, &d.at)
}

// expected is how long an execution takes: the moving average sees a change at
// once, the median keeps a run of short calls from hiding the usual long ones,
// and a call that still runs shows that it can take so long.
func (l *learned) expected(now engine.Instant, f *engine.FunctionView) (time.Duration, bool) {
	if l.execution.n == 0 {
		return 0, false
	}
	d := max(l.execution.value, l.executions.median(), time.Microsecond)
	if f.InFlight > 0 {
		d = max(d, now.Sub(f.OldestGrant))
	}
	return d, true
}

func (a *Adaptive) coldStart(l *learned) time.Duration {
	switch {
	case l.cold.n > 0:
		return max(l.cold.value, time.Millisecond)
	case a.cold.n > 0:
		return max(a.cold.value, time.Millisecond)
	}
	return a.cfg.ColdStart
}

// pace is how many containers may be under way at once: starts take CPU from
// each other and from running calls. It rises by one when as many have got
// ready in good time, and falls by a quarter when they take far longer than the
// function's fastest, at most once for as many as were under way.
type pace struct {
	limit, quick, slow int
}

const (
	firstPace = 8
	leastPace = 2
	mostPace  = 256
	tooSlow   = 4 // times the fastest
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

func (p *pace) state(c *engine.Codec) {
	engine.Int(c, &p.limit)
	engine.Int(c, &p.quick)
	engine.Int(c, &p.slow)
}
