package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// A function that computes and is called by the clock, many times at once, has
// most of these calls wait: a node's cores are soon taken. More nodes help if they are
// there just before, and cost little if they are given back just after: see emptied.

// leastBurst calls at once are a burst.
const leastBurst = 2

// burst is how many containers, each on its own node, are worth having when the next
// burst is expected to begin, and from when to when they are to be there; 0 of them if
// no burst is expected.
func (a *Adaptive) burst(l *learned, f *engine.FunctionView) (containers int, from, to engine.Instant) {
	p := &l.period
	calls := (p.atOnce + 8) / 16
	if p.n < 3 || calls < leastBurst || l.execution.n == 0 || a.all.node == 0 || !a.cfg.has(Prewarming) || !a.computes(l, f.Spec.Memory) {
		return 0, 0, 0
	}
	from, to = p.due(a.coldStart(l) + 2*a.all.reserve.value)
	held := to.Sub(from) + 2*a.all.reserve.value
	if p.every < 2*held {
		return 0, 0, 0
	}
	// What an execution's time of waiting costs, in byte-seconds, if the burst comes then.
	waiting := a.price(l, f) * l.execution.value.Seconds() * float64(max(a.Size(f).Booked, 1<<20)) * float64(256-p.outside) / 256
	node, share := float64(held.Seconds()*float64(a.all.node)), a.Concurrency(f)
	least := math.Inf(1)
	for n := 1; n <= fewContainers && (n-1)*share < calls; n++ {
		if cost := float64(waiting*float64(queued(calls, n*share))) + float64(node*float64(n)); cost < least {
			containers, least = n, cost
		}
	}
	return containers, from, to
}

// queued is for how many executions calls that come at once wait in all when so many
// run at once.
func queued(calls, slots int) int {
	full, rest := calls/slots, calls%slots
	return slots*full*(full-1)/2 + rest*full
}

// awaits: a burst is due that takes more than one container.
func (a *Adaptive) awaits(now engine.Instant, f *engine.FunctionView) bool {
	n, from, to := a.burst(a.of(f), f)
	return n > 1 && from <= now && now < to
}

// gather makes the containers that the next burst is worth, once it is due.
func (a *Adaptive) gather(now engine.Instant, l *learned, f *engine.FunctionView) (int, engine.Instant) {
	n, from, to := a.burst(l, f)
	over := l.period.last.Add(a.coldStart(l)) // the last burst; what it left idle is looked at then
	missing := n - f.Ready - f.Creating
	switch {
	case n < 2 || now >= to:
		return 0, 0
	case now < over:
		return 0, over
	case now < from:
		return 0, from
	case missing <= 0:
		return 0, to
	}
	return missing, now.Add(a.nodeAsked(f.Pool))
}

// nodeAsked is after how long to ask for room again where a node has been asked for.
func (a *Adaptive) nodeAsked(p *engine.PoolView) time.Duration {
	if a.all.reserve.n == 0 || p.Exhausted {
		return engine.RescaleInterval
	}
	return min(max(a.all.reserve.value/2, time.Millisecond), engine.RescaleInterval)
}
