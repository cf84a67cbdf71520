package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// demand is what all calls together take: it makes the price of waiting independent
// of how large the platform is and how much it has to do.
type demand struct {
	functions, calls int64
	// busy is the mean of memory × execution over recent calls, in byte-seconds.
	busy float64
	n    int64
}

func (d *demand) add(took time.Duration, memory engine.Bytes) {
	const recent = 1024
	d.n = min(d.n+1, recent)
	d.busy += (float64(took.Seconds()*float64(memory)) - d.busy) / float64(d.n)
}

// price is how many seconds of one of the function's containers are worth a
// second of waiting for it.
//
// The weights compare a slowdown of 1 (a call that takes twice as long as it
// has to) with the memory that an average call holds while it runs. A second of
// waiting slows a short call more than a long one, hence the division by the
// execution time; and as every function is to be served well, not only the
// busiest, a call of a rare one weighs more.
func (a *Adaptive) price(l *learned, f *engine.FunctionView) float64 {
	d := &a.all.demand
	if d.n == 0 || l.execution.n == 0 {
		return unknownPrice
	}
	rarity := float64(d.calls) / float64(d.functions) / float64(l.calls)
	rarity = max(leastRarity, math.Sqrt(math.Sqrt(rarity)))
	slowdown := 1 / max(l.execution.value, shortest).Seconds()
	memory := max(a.Size(f).Booked, 1<<20)
	weights := a.slowdownWorth() * a.cfg.LatencyWeight / a.cfg.ResourceWeight
	return weights * d.busy * slowdown * rarity / float64(memory)
}

// slowdownWorth is for how many times the memory of an average call a slowdown of 1
// stands at equal weights: found by trial. Where memory is all that containers share, 3
// costs up to 2 % more than 2 on the azure-like workload of docs/policies.md, unless memory is very short, and up to 25 % more on
// Azure's own; where calls compete for CPU, 3 makes the contest's score 1 % worse and that of
// sparse 2 %; 4 and 5 are alike.
func (a *Adaptive) slowdownWorth() float64 {
	if a.all.judged > 0 {
		return 5
	}
	return 2
}

const (
	// unknownPrice is taken while nothing has been learned.
	unknownPrice = 60
	leastRarity  = 1.0 / 64
	// shortest is the execution below which nobody feels a difference.
	shortest = time.Millisecond
)

// penalty is what a cold start costs, in seconds of the container: the waiting,
// and the work.
func (a *Adaptive) penalty(l *learned, f *engine.FunctionView) time.Duration {
	return seconds(float64(a.coldStart(l).Seconds()*a.price(l, f))) + a.creation(l, f)
}

// creation is what it costs to make a container, in seconds of the container,
// even if nobody waits for it: its memory, and the work that others go without.
func (a *Adaptive) creation(l *learned, f *engine.FunctionView) time.Duration {
	memory, work := float64(max(a.Size(f).Booked, 1<<20)), creationWork
	if a.all.judged > 0 {
		work = computedCreation
	}
	return seconds(float64(a.coldStart(l).Seconds()*(memory+work)) / memory)
}

// A creation is charged like this much memory for as long as it takes. Where CPU
// is measured, calls compete with creations for it: found by trial on the contest's
// workload, much like what the container of a busy core would be charged.
const (
	creationWork     = 3.0 * (1 << 30)
	computedCreation = 24.0 * (1 << 30)
)

// seconds saturates at what is as good as for ever.
func seconds(s float64) time.Duration {
	const most = 1e6 * float64(time.Second)
	return time.Duration(min(float64(s*float64(time.Second)), most))
}

// coldStart is what one takes as a rule.
func (a *Adaptive) coldStart(l *learned) time.Duration {
	switch {
	case l.cold.n > 0:
		return max(l.cold.value, time.Millisecond)
	case a.all.cold.n > 0:
		return max(a.all.cold.value, time.Millisecond)
	}
	return a.cfg.ColdStart
}
