package policy

import "github.com/minifaas/minifaas/scheduler/engine"

const (
	// ringPoints is how often each node is on the ring, as in Iluvatar.
	ringPoints = 3
	// loadBound is the load that a node may have, in percent of the mean.
	loadBound = 125
)

// boundedHashing is by Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing
// with Bounded Loads, SODA 2018; Fuerst and Sharma gave it to functions (HPDC
// 2022). It walks a ring of nodes from the function's place on, and takes the
// first one that has the room and whose load does not exceed the bound. The load
// of a node is the number of its containers, the new one included. When none is
// within the bound, the first one with room will do.
//
// The ring is not kept: the node at the shortest way from the function among
// those that qualify is the one that a walk would come to first.
type boundedHashing struct{ ttl }

var _ engine.Policy = boundedHashing{}

func (boundedHashing) Place(_ engine.Instant, f *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	load, count := 1, 0
	for n := range nodes.All() {
		load += n.Containers
		count++
	}
	bound := ceilDiv(load*loadBound, max(1, count)*percent)
	from := hashOf(f.Spec.Name)
	var within, fitting *engine.NodeView
	for n := range nodes.All() {
		if n.Free() < need {
			continue
		}
		if fitting == nil || way(from, n) < way(from, fitting) {
			fitting = n
		}
		if n.Containers < bound && (within == nil || way(from, n) < way(from, within)) {
			within = n
		}
	}
	if within != nil {
		return within
	}
	return fitting
}

// way is the distance on the ring from there to the node's nearest point.
func way(from uint64, n *engine.NodeView) uint64 {
	nearest := ^uint64(0)
	for point := range uint64(ringPoints) {
		nearest = min(nearest, scramble(n.Serial*ringPoints+point)-from)
	}
	return nearest
}
