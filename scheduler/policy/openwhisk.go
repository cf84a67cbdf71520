package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of OpenWhisk's scheduler, from its application.conf.
const (
	// openWhiskInterval is how often it decides, and the age at which a waiting
	// call is called stale.
	openWhiskInterval = 100 * time.Millisecond
	openWhiskKeep     = 10 * time.Minute
)

// openWhisk is the scheduler of Apache OpenWhisk 2 (SchedulingDecisionMaker.scala
// and application.conf, 2022). Calls wait in a queue of their
// function from which containers pull. Every 100 ms it looks at the queue: when
// calls have become stale, it wants as many containers as clear the queue within
// 100 ms; when none has, but those that exist would not keep up, the
// difference. There are never more than calls waiting.
//
// The namespace limit, with its throttling and over-provision, is left out: our
// accounts have none. Stale calls are counted as those that were waiting at the
// last decision and still are, which is the same, as the queue is in order.
type openWhisk struct {
	plain
	functions table[pulled]
}

var _ engine.Policy = (*openWhisk)(nil)

type pulled struct {
	durations rolling
	// next is when the queue is looked at again; arrivals came since it last was.
	next     engine.Instant
	arrivals int
}

var openWhiskEntry = entry{
	Info{
		"openwhisk", familyScaling,
		"Requests queue; every 100 ms it makes as many containers as clear the queue in 100 ms, at most one a request; kept for 600 s.",
		"Apache OpenWhisk, SchedulingDecisionMaker.scala (2022)",
	},
	func(p plain) engine.Policy { return &openWhisk{plain: p} },
}

func (*openWhisk) Rules() engine.Rules { return engine.Rules{} }

func (o *openWhisk) Arrived(_ engine.Instant, f *engine.FunctionView) bool {
	o.functions.of(f).arrivals++
	return false
}

func (o *openWhisk) Returned(_ engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	o.functions.of(f).durations.add(call.Elapsed)
	return false
}

func (o *openWhisk) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	if f.Waiting == 0 {
		return 0, 0
	}
	l := o.functions.of(f)
	if f.Ready+f.Creating == 0 {
		return 1, l.next
	}
	if now < l.next {
		return 0, l.next
	}
	stale := max(0, f.Waiting-l.arrivals)
	l.next, l.arrivals = now.Add(openWhiskInterval), 0
	return max(0, l.decide(f, stale, o.Concurrency(f))), l.next
}

func (l *pulled) decide(f *engine.FunctionView, stale, concurrency int) int {
	duration, total := l.durations.mean(), f.Ready+f.Creating
	if l.durations.n == 0 {
		return min(stale-f.Creating, f.Waiting)
	}
	// What one container gets done in an interval is interval / duration.
	work, each := time.Duration(f.Waiting)*duration, openWhiskInterval*time.Duration(concurrency)
	need := int(ceilDiv(work, each))
	switch {
	case stale > 0:
		return min(need, f.Waiting) - f.Creating
	case work >= each*time.Duration(total) && total < f.Waiting:
		return min(need, f.Waiting) - total
	}
	return 0
}

func (*openWhisk) KeepContainer(engine.Instant, *engine.FunctionView, *engine.ContainerView) time.Duration {
	return openWhiskKeep
}

func (o *openWhisk) State(c *engine.Codec) {
	o.functions.state(c, func(l *pulled) {
		l.durations.state(c)
		engine.Int(c, &l.next)
		engine.Int(c, &l.arrivals)
	})
}
