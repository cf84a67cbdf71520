package policy

import (
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

// misfit: the container has too little CPU, or is on a node that is to be emptied.
func (a *Adaptive) misfit(f *engine.FunctionView, c *engine.ContainerView) bool {
	return c.Memory < a.limit(a.of(f), f) && !c.Resizing || a.moves(f.Pool, c)
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
