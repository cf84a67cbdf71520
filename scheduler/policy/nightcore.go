package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// nightcoreMemory is the weight of what was in the moving averages of
// Nightcore's tracer.cpp.
const nightcoreMemory = 0.999

// nightcore is by Jia and Witchel, Nightcore, ASPLOS 2021 (dispatcher.cpp). It
// lets as many calls of a function run at once as arrive while one does: by
// Little's law the moving average of the rate times that of the duration. More
// wait for one of these to end.
//
// Nightcore has a limit for each server and, up to it, workers within one large
// container. Our memory is by container, so a worker is a container, or one of
// the calls that a container takes by the function's declaration; the limit holds
// for the cluster. In both, workers outlive a limit that falls; only here they
// go on working.
type nightcore struct {
	plain
	functions table[littlesLaw]
}

var _ engine.Policy = (*nightcore)(nil)

// littlesLaw relates the rate and the duration of calls to their number.
type littlesLaw struct {
	calls int
	last  engine.Instant
	rate  float64 // calls a second
	took  float64 // seconds
}

var nightcoreEntry = entry{
	Info{
		"nightcore", familyScaling,
		"At most rate × duration calls of a function run at once, by slow moving averages of both; more wait.",
		"Jia and Witchel, Nightcore, ASPLOS 2021 (dispatcher.cpp, tracer.cpp)",
	},
	func(p plain) engine.Policy { return &nightcore{plain: p} },
}

func (*nightcore) Rules() engine.Rules { return engine.Rules{} }

func (n *nightcore) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	l := n.functions.of(f)
	if l.calls++; l.calls > 1 {
		gap := max(now.Sub(l.last), time.Microsecond)
		l.rate = moving(l.rate, float64(time.Second)/float64(gap))
	}
	l.last = now
	return false
}

func (n *nightcore) Returned(_ engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	l := n.functions.of(f)
	l.took = moving(l.took, float64(max(call.Elapsed, time.Microsecond))/float64(time.Second))
	return false
}

// moving starts with its first sample.
func moving(average, sample float64) float64 {
	if average == 0 {
		return sample
	}
	return float64(nightcoreMemory*average) + float64((1-nightcoreMemory)*sample)
}

// limit is 1 while nothing is known.
func (l *littlesLaw) limit() int {
	return int(min(max(1, math.Floor(float64(l.rate*l.took)+0.5)), math.MaxInt32))
}

func (n *nightcore) Concurrency(f *engine.FunctionView) int {
	return min(n.functions.of(f).limit(), n.plain.Concurrency(f))
}

func (n *nightcore) Scale(_ engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	each := n.Concurrency(f)
	most := ceilDiv(n.functions.of(f).limit(), each)
	return max(0, min(ceilDiv(f.Waiting, each), most-f.Ready)-f.Creating), 0
}

func (n *nightcore) State(c *engine.Codec) {
	n.functions.state(c, func(l *littlesLaw) {
		engine.Int(c, &l.calls)
		engine.Int(c, &l.last)
		for _, v := range []*float64{&l.rate, &l.took} {
			bits := math.Float64bits(*v)
			engine.Int(c, &bits)
			*v = math.Float64frombits(bits)
		}
	})
}
