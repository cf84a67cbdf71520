package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// greedyDual is by Fuerst and Sharma, FaasCache: Keeping Serverless Computing
// Alive with Greedy-Dual Caching, ASPLOS 2021. It treats containers as a cache:
// they stay until memory is short, and then those with the lowest priority go.
// The priority is a clock, which is that of the last one to go, plus what the
// container is worth; it is set when the function is called, for all of its
// containers.
//
// In FaasCache the cost of a miss is known from the trace; ours is the mean of
// the starts seen. The calls of a container that goes count no more, as there.
type greedyDual struct {
	plain
	worth     worth
	clock     int64
	functions table[cached]
}

var _ engine.Policy = (*greedyDual)(nil)

// cached is what is known of a function that may have containers.
type cached struct {
	// clock is the policy's at the last call.
	clock int64
	// uses are the calls that its containers have had.
	uses int64
	cost mean
}

// worth of a container over the clock, in any unit.
type worth func(l *cached, f *engine.FunctionView, c *engine.ContainerView) int64

var greedyDualEntries = []entry{
	{
		Info{
			"greedy-dual", familyKeepAlive,
			"Containers stay until memory is short; then those go for which calls × start time / memory is least, aged by a clock.",
			"Greedy-Dual-Size-Frequency in Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		greedyDualBy(func(l *cached, _ *engine.FunctionView, c *engine.ContainerView) int64 {
			return l.uses * l.cost.value.Microseconds() / mebibytes(c)
		}),
	},
	{
		Info{
			"greedy-dual-freq", familyKeepAlive,
			"As greedy-dual, by calls × start time: memory does not count.",
			"variant FREQ of Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		greedyDualBy(func(l *cached, _ *engine.FunctionView, _ *engine.ContainerView) int64 {
			return l.uses * l.cost.value.Microseconds()
		}),
	},
	{
		Info{
			"greedy-dual-size", familyKeepAlive,
			"As greedy-dual, by calls / memory: the start time does not count.",
			"variant SIZE of Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		greedyDualBy(func(l *cached, _ *engine.FunctionView, c *engine.ContainerView) int64 {
			return l.uses * int64(time.Second/time.Microsecond) / mebibytes(c)
		}),
	},
	{
		// Instead of charging every container its rent, the clock adds up the
		// rents: a credit is due when the clock has reached it. That is the same
		// (Cao and Irani, Cost-Aware WWW Proxy Caching Algorithms, USITS 1997).
		Info{
			"landlord", familyKeepAlive,
			"Each container has a credit, its start time, anew with each call, and pays rent by memory when memory is short; at zero it goes.",
			"Young, On-Line File Caching, SODA 1998; variant LND of Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		greedyDualBy(func(l *cached, _ *engine.FunctionView, c *engine.ContainerView) int64 {
			return l.cost.value.Microseconds() / mebibytes(c)
		}),
	},
}

func greedyDualBy(w worth) func(plain) engine.Policy {
	return func(p plain) engine.Policy { return &greedyDual{plain: p, worth: w} }
}

func mebibytes(c *engine.ContainerView) int64 { return max(1, int64(c.Memory>>20)) }

func (g *greedyDual) Arrived(_ engine.Instant, f *engine.FunctionView) bool {
	l := g.functions.of(f)
	if f.Ready+f.Creating+f.InFlight == 0 {
		l.uses = 0 // the function is new to the cache
	}
	l.uses++
	l.clock = g.clock
	return false
}

func (g *greedyDual) Started(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, took time.Duration) {
	g.functions.of(f).cost.add(took)
}

func (g *greedyDual) Evict(_ engine.Instant, f *engine.FunctionView, c *engine.ContainerView, wanted *engine.FunctionView) (int64, bool) {
	l := g.functions.of(f)
	return l.clock + g.worth(l, f, c), needed(wanted)
}

func (g *greedyDual) Evicted(_ engine.Instant, f *engine.FunctionView, c *engine.ContainerView, rank int64) {
	l := g.functions.of(f)
	l.uses = max(0, l.uses-int64(c.Uses))
	g.clock = max(g.clock, rank)
}

func (g *greedyDual) State(c *engine.Codec) {
	engine.Int(c, &g.clock)
	g.functions.state(c, func(l *cached) {
		engine.Int(c, &l.clock)
		engine.Int(c, &l.uses)
		l.cost.state(c)
	})
}
