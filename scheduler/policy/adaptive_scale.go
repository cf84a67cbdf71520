package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Scale prices waiting against creating. With W requests waiting, c calls to a
// container, executions of E and cold starts of C, the containers that there
// are clear the backlog in W·E/(ready·c). If that takes longer than a cold start,
// and what it costs in memory and other functions, it wants enough new ones to clear the backlog
// within one more C: W·E/(c·C), those under way included. Shorter waits add up to
// a debt; when one more container would repay it, one is created. A function that
// nobody has seen the end of begins with few, one that computes gets no more than
// there are nodes, and one more when somebody has waited for longer than a cold start. Of all functions together no more are under way than the pace
// allows: see Pace.
func (a *Adaptive) Scale(now engine.Instant, f *engine.FunctionView, p *engine.PoolView) (int, engine.Instant) {
	l := a.of(f)
	if f.Waiting == 0 {
		return a.ahead(now, l, f)
	}
	useful, work := a.backlog(now, l, f)
	cold, owed := a.nextStart(l, f), l.debt.grow(now, f)
	price := a.breakEven(now, l, f, p)

	want := 0
	switch {
	case !a.cfg.has(Waiting):
		want = useful
	case f.Ready == 0, work > float64(price*float64(f.Ready)):
		want = int(min(max(1, math.Ceil(work/cold.Seconds())), float64(useful)))
	case f.Creating == 0 && a.repays(now, l, f, p, owed):
		want = 1
	}
	if l.execution.n == 0 { // the first call will tell
		useful = min(useful, max(slowStart, f.Ready))
	}
	if a.computes(l, f.Spec.Memory) {
		most := a.lasting(p)
		if f.Ready > 0 && l.execution.n > 0 && now.Sub(f.OldestWait) > cold { // only one more node has more CPU
			most++
		}
		useful = min(useful, most-f.Ready)
	}
	want = min(want, useful) - f.Creating
	if f.Ready+f.Creating == 0 {
		want = max(want, 1)
	}
	want = max(want, a.replacement(now, f))
	if want > 0 {
		l.debt.owed = 0
	}
	return max(want, 0), 0
}

// breakEven is how much waiting, in seconds, a new container has to spare to pay for itself.
func (a *Adaptive) breakEven(now engine.Instant, l *learned, f *engine.FunctionView, p *engine.PoolView) float64 {
	return float64(a.nextStart(l, f).Seconds()*(1+1/a.price(l, f))) + a.displaces(now, f, p)
}

// slowStart is how many containers of an unknown function are begun with, beside the first one.
const slowStart = 2

// ahead is what is to be made though nobody waits.
func (a *Adaptive) ahead(now engine.Instant, l *learned, f *engine.FunctionView) (int, engine.Instant) {
	switch {
	case l.announced:
		return a.prepare(now, l, f)
	case l.moved:
		l.moved = false
		return 1, 0
	}
	if n := a.replacement(now, f); n > 0 {
		return n, 0
	}
	if n, again := a.gather(now, l, f); again > 0 {
		return n, again
	}
	return a.prewarm(now, l, f)
}

// backlog is how many containers the calls that there are could fill beside those
// ready, and how long those who wait would keep one container busy, in seconds.
func (a *Adaptive) backlog(now engine.Instant, l *learned, f *engine.FunctionView) (useful int, work float64) {
	share := a.Concurrency(f)
	useful = min(ceilDiv(f.Waiting, share), ceilDiv(f.InFlight+f.Waiting, share)-f.Ready)
	return useful, float64(f.Waiting) * a.expected(now, l, f).Seconds() / float64(share)
}

// repays: were they to go on waiting as they have lately, one more container would
// spare more than it costs to make it and to keep it for its horizon.
func (a *Adaptive) repays(now engine.Instant, l *learned, f *engine.FunctionView, p *engine.PoolView, owed time.Duration) bool {
	const horizon, remembered = 200.0, 14.4 // seconds; a debt that fades by half in 10 s holds that of 14.4 s
	spared := float64(owed.Seconds()*horizon) / remembered
	return spared > a.nextStart(l, f).Seconds()+horizon/a.price(l, f)+a.displaces(now, f, p)
}

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
	if f.Ready > 0 { // else they wait for a cold start, as they would for one more
		d.owed += waited / time.Duration(f.Ready+1)
	}
	d.at = now
	return d.owed
}

// expected is how long an execution takes: the moving average sees a change at
// once, the median keeps a run of short calls from hiding the usual long ones,
// and a call that still runs shows that it can take so long.
func (a *Adaptive) expected(now engine.Instant, l *learned, f *engine.FunctionView) time.Duration {
	if l.execution.n == 0 {
		d := a.all.firsts.quantile(90) // rather too long: most that are long are very long
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

// Reason is what Scale weighs when somebody has to wait.
func (a *Adaptive) Reason(now engine.Instant, f *engine.FunctionView, p *engine.PoolView) engine.Reason {
	l := a.of(f)
	cold := a.nextStart(l, f)
	r := engine.Reason{ColdStart: cold, Execution: a.expected(now, l, f), Price: seconds(a.breakEven(now, l, f, p))}
	if f.Ready > 0 {
		_, work := a.backlog(now, l, f)
		r.Wait = seconds(work / float64(f.Ready))
	}
	return r
}
