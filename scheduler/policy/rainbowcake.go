package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of RainbowCake, from its published artifact.
const (
	rainbowArrivals = 6 // remembered of each function
	rainbowHorizon  = 24 * time.Hour
	rainbowLeast    = 60 * time.Second
	rainbowFirst    = 600 * time.Second // while nothing is known
	// rainbowQuantile is -ln(1-q) for the quantile q = 0.8.
	rainbowQuantile = 1.6094379124341003
	// rainbowBalance is alpha/(1-alpha) for alpha = 0.996: MB seconds kept that
	// are worth one second of starting.
	rainbowBalance = 249
)

// rainbowCake is by Yu et al., RainbowCake, ASPLOS 2024. It keeps an idle
// container until the next call has come with a probability of 0.8, were calls a
// Poisson process with the rate of the last six. It is no longer than the memory
// kept is worth the start spared; but the bounds are applied as in the artifact:
// what is below 60 s is raised to that, and only else is it cut.
//
// Ours has a single layer, the whole container: nothing is shared between
// functions, and what is not kept is gone. Nor does it load ahead: that would be
// due at the very instant at which the container has just been given up.
type rainbowCake struct {
	plain
	functions table[rainbowFunction]
}

var _ engine.Policy = (*rainbowCake)(nil)

type rainbowFunction struct {
	arrivals [rainbowArrivals]engine.Instant
	n        int
	start    mean
	keep     time.Duration // 0 while no call has ended
}

var rainbowCakeEntry = entry{
	Info{
		"rainbowcake", familyKeepAlive,
		"Keeps for the 80 % quantile of the time to the next call, by the mean of the last six, cut to what the start is worth in memory; at least 60 s before that cut.",
		"Yu et al., RainbowCake: Layer-wise Container Caching and Sharing, ASPLOS 2024: its time-to-live rule, on one layer",
	},
	func(p plain) engine.Policy { return &rainbowCake{plain: p} },
}

func (r *rainbowCake) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	l := r.functions.of(f)
	l.arrivals[l.n%rainbowArrivals] = now
	l.n++
	return false
}

func (r *rainbowCake) Started(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, took time.Duration) {
	r.functions.of(f).start.add(took)
}

func (r *rainbowCake) Returned(now engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	l := r.functions.of(f)
	l.keep = l.timeToLive(now, call.Size.Memory)
	return false
}

func (l *rainbowFunction) timeToLive(now engine.Instant, memory engine.Bytes) time.Duration {
	oldest, n := now, 0
	for _, at := range l.arrivals[:min(l.n, rainbowArrivals)] {
		if now.Sub(at) <= rainbowHorizon {
			oldest = min(oldest, at)
			n++
		}
	}
	if n == 0 {
		return rainbowFirst
	}
	predicted := wholeSeconds(rainbowQuantile * float64(now.Sub(oldest)) / float64(n))
	if predicted < rainbowLeast {
		return rainbowLeast
	}
	return min(predicted, wholeSeconds(rainbowBalance*float64(l.start.value)/float64(max(1, memory>>20))))
}

// wholeSeconds rounds nanoseconds up.
func wholeSeconds(ns float64) time.Duration {
	return time.Duration(math.Ceil(ns/float64(time.Second))) * time.Second
}

func (r *rainbowCake) KeepContainer(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView) time.Duration {
	if keep := r.functions.of(f).keep; keep > 0 {
		return keep
	}
	return rainbowFirst
}

func (r *rainbowCake) State(c *engine.Codec) {
	r.functions.state(c, func(l *rainbowFunction) {
		engine.Int(c, &l.n)
		for i := range l.arrivals {
			engine.Int(c, &l.arrivals[i])
		}
		l.start.state(c)
		engine.Int(c, &l.keep)
	})
}
