package policy

import (
	"math"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// fewContainers are looked at, of those that a function has.
	fewContainers = 8
	// fewEmptied nodes are emptied at a time.
	fewEmptied = 8
	// usedAfter is how much of its CPU may be used of what is left once nodes have been emptied.
	usedAfter = 0.3
)

// misfit: the container has too little CPU, or is on a node that is to be emptied, from
// which on they are, and another could take it, or on one of which another has all the CPU.
func (a *Adaptive) misfit(f *engine.FunctionView, c *engine.ContainerView, from uint64) bool {
	return c.Memory < a.limit(a.of(f), f) && !c.Resizing || moves(f, c, from) || a.spare(f, c)
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

func moves(f *engine.FunctionView, c *engine.ContainerView, from uint64) bool {
	return c.Node != nil && c.Node.Serial >= from && c.Booked <= f.Pool.MostFree(from)
}

// noNode is the serial of none.
const noNode = math.MaxUint64

// emptied is the serial of the first of the nodes that are to be emptied: as many of those
// reserved last as the others can do without, in memory and in CPU.
func (a *Adaptive) emptied(p *engine.PoolView) (from uint64) {
	from = noNode
	if p == nil || p.Nodes < 2 {
		return from
	}
	rest, looked := p.Capacity, 0
	used := a.all.usage.cores(p.LastActive)
	for n := range p.Latest() {
		rest -= n.Capacity
		if rest <= 0 || p.Booked > rest || used > float64(usedAfter*quotaOf(rest)) {
			break
		}
		from = n.Serial
		if looked++; looked == fewEmptied {
			break
		}
	}
	return from
}

// left is emptied as it concerns the function: while its calls wait or are about to come,
// its containers stay.
func (a *Adaptive) left(now engine.Instant, f *engine.FunctionView) uint64 {
	if f.Waiting > 0 || a.awaits(now, f) {
		return noNode
	}
	return a.emptied(f.Pool)
}

// lasting nodes are not to be emptied.
func (a *Adaptive) lasting(p *engine.PoolView) int {
	from, nodes := a.emptied(p), p.Nodes
	for n := range p.Latest() {
		if n.Serial < from {
			break
		}
		nodes--
	}
	return nodes
}

// fit tells whether one of the function's containers in service is no misfit.
func (a *Adaptive) fit(f *engine.FunctionView, from uint64) bool {
	looked := 0
	for c := range f.Containers() {
		if c.InService && !a.misfit(f, c, from) {
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
func (a *Adaptive) replacement(now engine.Instant, f *engine.FunctionView) int {
	if f.Ready == 0 || f.Creating > 0 || a.fit(f, a.left(now, f)) {
		return 0
	}
	return 1
}

// Retire sends off misfits once there is a container that fits.
func (a *Adaptive) Retire(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) bool {
	from := a.left(now, f)
	return a.misfit(f, c, from) && a.fit(f, from)
}
