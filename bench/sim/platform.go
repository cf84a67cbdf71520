package sim

import (
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
)

// Platform is what the engine commands: nodes, and what happens on them.
type Platform struct {
	// Nodes is how many there are at most; Available of them can be reserved at
	// first. Each reserved one is replaced after Refill until there are Nodes; a
	// released or lost one is back after Refill.
	Nodes, Available int
	Refill           time.Duration
	// Reserve is the longest that a reservation takes; each takes a uniform part of it.
	Reserve time.Duration
	// Offered is the memory that a node offers to its tenant, in bytes; 0 means
	// three quarters of its memory.
	Offered int64
	Node    nodemodel.Config
	// Create is what the creation of a container takes, by function: the index in the workload.
	Create func(function int) nodemodel.Creation
	// Remove is how long it takes to remove a container or to release a node.
	Remove time.Duration
	// Overhead, if not nil, is how long a call of the function holds its container
	// beside its work: the messages between services, above all.
	Overhead func(function int) time.Duration
	// Unhindered: calls wait for their CPU time instead of competing for it, so
	// that nothing slows them.
	Unhindered bool
	Faults     Faults
}

// Faults are what goes wrong, at times drawn by seed. Each kind has a stream of
// its own, so that one leaves the others where they are.
type Faults struct {
	// NodeLoss is the mean time from a node's reservation to its loss,
	// exponentially distributed; 0 means never.
	NodeLoss time.Duration
	// Slow is the share of nodes on which all CPU work and the delay of creations
	// take Slowness times as long. A node is slow from its reservation to its release.
	Slow, Slowness float64
	// Failed is the share of creations that fail, at the time at which they would be ready.
	Failed float64
}

const (
	gib = 1 << 30
	// unlimited is a memory that nobody fills and of which sums don't overflow.
	unlimited = int64(1) << 45
	// ownMemory is what a container takes for itself, whatever its function does.
	ownMemory = 8 << 20
)

// Reference is the platform of the contest with the reference node: at most 20
// nodes, 10 at first, refilled after 5 s, reserved within 8 ms. Creations take
// scale times the reference's.
func Reference(scale float64) Platform {
	creation := nodemodel.Reference(scale)
	return Platform{
		Nodes: 20, Available: 10, Refill: 5 * time.Second, Reserve: 8 * time.Millisecond,
		Node:   nodemodel.Config{CPU: 2, Memory: 4 * gib, SystemMemory: gib / 2},
		Create: func(int) nodemodel.Creation { return creation },
	}
}

// offered is the capacity that the engine is told.
func (p Platform) offered() int64 {
	if p.Offered > 0 {
		return p.Offered
	}
	memory := p.Node.Memory
	if memory == 0 {
		memory = 4 * gib
	}
	return memory / 4 * 3
}
