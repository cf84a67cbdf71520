package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// fewContainers are looked at, of those that a function has.
	fewContainers = 8
	// roomAfter is how much of the memory may be booked once a node has been emptied.
	roomAfter = 0.8
	// keepCrowded is for how long no node is emptied after one was wanted for its CPU.
	keepCrowded = time.Minute
)

// misfit: the container has too little CPU, or is on a node that is to be emptied, or
// on one of which another has all the CPU.
func (a *Adaptive) misfit(f *engine.FunctionView, c *engine.ContainerView) bool {
	return c.Memory < a.limit(a.of(f), f) && !c.Resizing || a.moves(f.Pool, c) || a.spare(f, c)
}

// spare: an older container of the function is on the same node, and calls that fill
// that one take all the CPU that both could have. So it is when they were made before
// it was known that the function computes; as long as they stay, none is made where
// there is more.
func (a *Adaptive) spare(f *engine.FunctionView, c *engine.ContainerView) bool {
	if f.Ready < 2 || float64(a.Concurrency(f)) < math.Floor(quotaOf(c.Memory)) || !a.computes(a.of(f), f.Spec.Memory) {
		return false
	}
	looked := 0
	for other := range f.Containers() {
		if other.InService && other.Node == c.Node && other.Serial < c.Serial {
			return true
		}
		if looked++; looked == fewContainers {
			break
		}
	}
	return false
}

// moves: the container is on a node that is to be emptied, and another could take it.
func (a *Adaptive) moves(p *engine.PoolView, c *engine.ContainerView) bool {
	return a.draining(p, c.Node) && c.Booked <= p.MostFree()
}

// draining: the others could take what is on the node, which is the one reserved last.
func (a *Adaptive) draining(p *engine.PoolView, n *engine.NodeView) bool {
	if p == nil || n == nil || n != p.Newest || p.Nodes < 2 {
		return false
	}
	if at := a.all.crowdedAt; at > 0 && p.LastActive.Sub(at) < keepCrowded {
		return false
	}
	room := float64(roomAfter * float64(p.Capacity-n.Capacity))
	return float64(p.Booked) <= room
}

// fit tells whether one of the function's containers in service is no misfit.
func (a *Adaptive) fit(f *engine.FunctionView) bool {
	looked := 0
	for c := range f.Containers() {
		if c.InService && !a.misfit(f, c) {
			return true
		}
		if looked++; looked == fewContainers {
			break
		}
	}
	return false
}

// replacement is how many containers are to be made because those that there are
// do not fit: one, from which on the others retire.
func (a *Adaptive) replacement(f *engine.FunctionView) int {
	if f.Ready == 0 || f.Creating > 0 || a.fit(f) {
		return 0
	}
	return 1
}

// Retire sends off misfits once there is a container that fits.
func (a *Adaptive) Retire(_ engine.Instant, f *engine.FunctionView, c *engine.ContainerView) bool {
	return a.misfit(f, c) && a.fit(f)
}
