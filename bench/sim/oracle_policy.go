package sim

import (
	"sort"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

var _ engine.Policy = (*Oracle)(nil)

// tick is the shortest time after which the engine asks a policy again, and so
// how far the plan and what happens may be apart.
const tick = time.Millisecond

// function is the index in the workload.
func (o *Oracle) function(f *engine.FunctionView) int {
	for len(o.functions) <= f.Index {
		o.functions = append(o.functions, -1)
	}
	if o.functions[f.Index] < 0 {
		o.functions[f.Index] = o.names[f.Spec.Name]
	}
	return o.functions[f.Index]
}

// now is how many containers there shall be at an instant or within the tick
// that follows, and the first change after the instant.
func (t *timetable) now(now engine.Instant) (want, next int) {
	next = sort.Search(len(t.at), func(i int) bool { return t.at[i] > time.Duration(now) })
	if next > 0 {
		want = t.want[next-1]
	}
	for i := next; i < len(t.at) && t.at[i] < time.Duration(now)+tick; i++ {
		want = max(want, t.want[i])
	}
	return want, next
}

// due counts the calls that nobody serves yet and that are to begin by then,
// those that have not come included.
func (o *Oracle) due(now engine.Instant, f *engine.FunctionView, then engine.Instant) int {
	i := o.function(f)
	starts := o.plans[i].starts
	begun := sort.Search(len(starts), func(i int) bool { return starts[i] > time.Duration(then) })
	return begun - o.next(now, f)
}

// next is the first call that nobody serves yet.
func (o *Oracle) next(now engine.Instant, f *engine.FunctionView) int {
	comes := o.plans[o.function(f)].comes
	come := sort.Search(len(comes), func(i int) bool { return comes[i] > time.Duration(now) })
	return max(0, come-f.Waiting)
}

// Scale makes what is planned, and what it takes to serve those who should have
// been served by now. What finds no room is tried again at once.
func (o *Oracle) Scale(now engine.Instant, f *engine.FunctionView, pool *engine.PoolView) (int, engine.Instant) {
	if pool.Nodes == 0 {
		return 1, now + 1 // that makes none, but gets a node
	}
	i := o.function(f)
	known, plan := o.foreseen[i], &o.plans[i]
	want, next := plan.now(now)
	have := f.Ready + f.Creating
	if late := min(f.Waiting, o.due(now, f, now.Add(-tick))); late > 0 {
		want = max(want, f.Ready-f.Idle+(late-1)/known.limit+1)
	}
	if have < want {
		// What would be ready too soon is left: the engine would give it to whoever waits.
		useful := o.due(now, f, now.Add(known.cold+2*tick)) - f.Idle - f.Creating
		return max(0, min(want-have, useful)), now + 1
	}
	for ; next < len(plan.at); next++ {
		if plan.want[next] > have {
			return 0, engine.Instant(plan.at[next])
		}
	}
	return 0, 0
}

// KeepContainer keeps it until there are more than planned.
func (o *Oracle) KeepContainer(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	plan := &o.plans[o.function(f)]
	want, next := plan.now(now)
	have := f.Ready + f.Creating
	if want < have {
		return 0
	}
	for ; next < len(plan.at); next++ {
		if plan.want[next] < have {
			return engine.Instant(plan.at[next]).Sub(c.IdleSince)
		}
	}
	return engine.Forever
}

// Retire takes what is more than planned; and while those wait who are to wait
// longer, all: the engine would give it to the first of them, and the memory
// is meant for others.
func (o *Oracle) Retire(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) bool {
	if c.InFlight > 0 {
		return false
	}
	if f.Waiting > 0 {
		return o.due(now, f, now.Add(2*tick)) <= 0
	}
	want, _ := o.plans[o.function(f)].now(now)
	return want < f.Ready+f.Creating
}

// Evict gives up what is not planned to be there.
func (o *Oracle) Evict(now engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, _ *engine.FunctionView) (int64, bool) {
	want, _ := o.plans[o.function(f)].now(now)
	return 0, want < f.Ready+f.Creating
}

// Urgency is by the planned begin.
func (o *Oracle) Urgency(now engine.Instant, f *engine.FunctionView) int64 {
	starts, next := o.plans[o.function(f)].starts, o.next(now, f)
	if next == len(starts) {
		return int64(engine.Forever)
	}
	return int64(starts[next])
}

// Size is what the function's calls need.
func (o *Oracle) Size(f *engine.FunctionView) engine.Size {
	return engine.Size{Memory: o.foreseen[o.function(f)].memory}
}

// Returned asks for Scale: the container may have been retired.
func (*Oracle) Returned(engine.Instant, *engine.FunctionView, engine.Call) bool { return true }

func (*Oracle) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.BestFit(need)
}

func (*Oracle) KeepNode(engine.Instant, *engine.NodeView, *engine.PoolView) time.Duration {
	return engine.Forever
}

// It learns nothing, for it knows, and it bounds nothing, for it has planned.

func (o *Oracle) Name() string                                                                     { return o.name }
func (o *Oracle) Concurrency(f *engine.FunctionView) int                                           { return o.foreseen[o.function(f)].limit }
func (*Oracle) Rules() engine.Rules                                                                { return engine.Rules{} }
func (*Oracle) Pace(*engine.PoolView) int                                                          { return 0 }
func (*Oracle) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration          { return 0 }
func (*Oracle) Arrived(engine.Instant, *engine.FunctionView) bool                                  { return false }
func (*Oracle) Reused(engine.Instant, *engine.FunctionView, time.Duration)                         {}
func (*Oracle) Expired(engine.Instant, *engine.FunctionView, time.Duration)                        {}
func (*Oracle) Evicted(engine.Instant, *engine.FunctionView, *engine.ContainerView, int64)         {}
func (*Oracle) Started(engine.Instant, *engine.FunctionView, *engine.ContainerView, time.Duration) {}
func (*Oracle) Reserved(engine.Instant, time.Duration)                                             {}
func (*Oracle) State(*engine.Codec)                                                                {}
