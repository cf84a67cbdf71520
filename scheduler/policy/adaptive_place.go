package policy

import (
	"cmp"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	keepNodeMin  = time.Second
	keepNodeMax  = 10 * time.Second
	keepLastNode = 30 * time.Second
	// fewNodes are looked at, of those that have room.
	fewNodes = 8
	// ownCost is above all else that speaks against a node.
	ownCost = 1000
)

// Place packs what does not compute, where a sandbox waits for it if there is such a node
// in use: a node that is empty can be released. What computes is spread: of the nodes with room the one is taken that has fewest of
// the function's own containers, then the one on which least is going on; if it
// has one on each already, only another node will do.
func (a *Adaptive) Place(now engine.Instant, f *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	var best, last, packed *engine.NodeView
	var bestCost int
	looked := 0
	l, from := a.of(f), a.emptied(f.Pool)
	computes, limit := a.computes(l, f.Spec.Memory), a.limit(l, f)
	if a.awaits(now, f) {
		from = noNode
	}
	for n := range nodes.Fitting(need) {
		a.all.node = max(a.all.node, n.Capacity)
		if n.Serial >= from { // it is to be emptied, unless no other will do
			last = n
			continue
		}
		switch waits := n.SandboxesFor(f) > 0; {
		case computes:
		case waits && (packed == nil || n.Containers > 0), n.Creating == 0 && f.Sandboxes() == 0:
			return n
		case n.Creating == 0:
			packed = cmp.Or(packed, n)
		}
		own := 0
		containers := 0
		for c := range f.Containers() {
			if leaves := c.ReadyAt > 0 && !c.InService; c.Node == n && !leaves && c.Memory >= limit {
				own++
			}
			if containers++; containers == fewContainers {
				break
			}
		}
		cost := ownCost*own + min(10*n.Creating+n.InFlight, ownCost-1)
		if best == nil || cost < bestCost {
			best, bestCost = n, cost
		}
		if looked++; looked == fewNodes {
			break
		}
	}
	if packed != nil {
		return packed
	}
	l.apart = computes && best != nil && bestCost >= ownCost
	switch {
	case best == nil, l.apart && f.Waiting > 0: // a second one on the same node gets no more of its CPU
		return last
	case l.apart:
		return nil
	}
	return best
}

// KeepNode keeps an empty node for twice as long as it takes to get one, and
// the last one while there may be more to do. One that is to be emptied goes at once, or, if
// it may not have been used yet, once whoever asked for it has been asked again.
func (a *Adaptive) KeepNode(_ engine.Instant, n *engine.NodeView, p *engine.PoolView) time.Duration {
	a.all.node = max(a.all.node, n.Capacity)
	least := keepNodeMin
	if n.Serial >= a.emptied(p) {
		least = 2 * engine.RescaleInterval
		if n.EmptySince > a.all.came {
			least = 0
		}
	}
	keep := min(max(2*a.all.reserve.value, least), keepNodeMax)
	if p.Nodes == 1 {
		keep = max(keep, p.LastActive.Add(keepLastNode).Sub(n.EmptySince))
	}
	return keep
}
