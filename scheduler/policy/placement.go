package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// placementKeep is for how long containers are kept under every placement.
const placementKeep = 600 * time.Second

var placementEntries = []entry{
	{
		Info{
			"best-fit", familyPlacement,
			"On the node with the least room that is enough: ttl-600 by the name of its placement.",
			"the bin packing heuristic; MostAllocated in the scheduler of Kubernetes",
		},
		func(p plain) engine.Policy { return ttl{p, placementKeep} },
	},
	{
		Info{
			"first-fit", familyPlacement,
			"On the node reserved first that has room; kept for 600 s.",
			"the bin packing heuristic",
		},
		func(p plain) engine.Policy { return firstFit{ttl{p, placementKeep}} },
	},
	{
		Info{
			"least-allocated", familyPlacement,
			"On the node with the largest part of its memory free; kept for 600 s.",
			"LeastAllocated in the scheduler of Kubernetes",
		},
		func(p plain) engine.Policy { return leastAllocated{ttl{p, placementKeep}} },
	},
	{
		Info{
			"random-placement", familyPlacement,
			"On any node with room, by lot; kept for 600 s.",
			"the usual control of placement studies",
		},
		func(p plain) engine.Policy { return &randomPlacement{ttl: ttl{p, placementKeep}} },
	},
	{
		Info{
			"home-invoker", familyPlacement,
			"On the node that the function's name hashes to, or the next with room in steps coprime to their number; kept for 600 s.",
			"Apache OpenWhisk, ShardingContainerPoolBalancer.scala",
		},
		func(p plain) engine.Policy { return &homeInvoker{ttl: ttl{p, placementKeep}} },
	},
	{
		Info{
			"ch-bl", familyPlacement,
			"On the first node on a hash ring that has no more than 1.25 times the mean load; kept for 600 s.",
			"Mirrokni et al., Consistent Hashing with Bounded Loads, SODA 2018; for functions, Fuerst and Sharma, HPDC 2022",
		},
		func(p plain) engine.Policy { return boundedHashing{ttl{p, placementKeep}} },
	},
}

type firstFit struct{ ttl }

var _ engine.Policy = firstFit{}

func (firstFit) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.FirstFit(need)
}

// leastAllocated spreads. Kubernetes chooses by lot among equals, we take the
// node reserved first.
type leastAllocated struct{ ttl }

var _ engine.Policy = leastAllocated{}

func (leastAllocated) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	var best *engine.NodeView
	for n := range nodes.All() {
		if n.Free() >= need && (best == nil || freePart(n) > freePart(best)) {
			best = n
		}
	}
	return best
}

func freePart(n *engine.NodeView) float64 { return float64(n.Free()) / float64(max(1, n.Capacity)) }

// randomPlacement draws by hashing how often it has drawn.
type randomPlacement struct {
	ttl
	drawn uint64
}

var _ engine.Policy = (*randomPlacement)(nil)

func (r *randomPlacement) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	var chosen *engine.NodeView
	fitting := uint64(0)
	for n := range nodes.All() {
		if n.Free() < need {
			continue
		}
		// The one that comes as the n-th replaces the choice once in n times.
		r.drawn++
		if fitting++; scramble(r.drawn)%fitting == 0 {
			chosen = n
		}
	}
	return chosen
}

func (r *randomPlacement) State(c *engine.Codec) { engine.Int(c, &r.drawn) }
