package engine

import (
	"cmp"
	"slices"
	"time"
)

// Status is a copy of what the engine knows and has decided so far.
type Status struct {
	Policy    string
	Nodes     []NodeStatus     // in order of reservation
	Functions []FunctionStatus // in order of appearance
	Counters  Counters
}

// NodeStatus is a node. State is ready or releasing.
type NodeStatus struct {
	ID    NodeID
	State string
	// Capacity is offered to containers, Reserved promised to them.
	Capacity, Reserved Bytes
	Containers         []ContainerStatus // in order of creation
}

// ContainerStatus is a container. State is creating, ready, busy, quarantined or removing.
type ContainerStatus struct {
	ID       ContainerID // empty while creating
	Name     Name
	Function string
	State    string
	InFlight int // leases
	// Memory is its limit, Booked what its node sets aside for it.
	Memory, Booked Bytes
	Idle           time.Duration // 0 unless ready
}

// FunctionStatus is a function. Containers are those in service.
type FunctionStatus struct {
	Name                                       string
	QueueDepth, InFlight, Containers, Creating int
}

// Counters count since the engine was made. Every lease acquired is active, or
// was returned, has expired, or ended with its container.
type Counters struct {
	Acquired, Refused, Canceled, Returned, ColdStarts int64
	LeasesActive, LeasesExpired                       int64

	ContainersCreated, ContainersFailed, ContainersLost, ContainersRemoved int64

	NodesReserved, NodesReleased, NodesLost int64
}

// Status visits everything there is.
func (e *Engine) Status() Status {
	s := Status{Policy: e.policy.Name(), Counters: e.counters}
	for _, n := range e.sortedNodes() {
		ns := NodeStatus{ID: n.ID, State: n.state.String(), Capacity: n.Capacity, Reserved: n.Booked}
		for el := n.all.front; el != nil; el = el.next {
			c := el.value
			cs := ContainerStatus{
				ID: c.id, Name: c.name, Function: c.fn.Spec.Name, State: c.state.String(), InFlight: c.InFlight, Memory: c.Memory, Booked: c.Booked,
			}
			switch {
			case c.state == ready && c.InFlight > 0:
				cs.State = "busy"
			case c.state == ready:
				cs.Idle = e.now.Sub(c.IdleSince)
			}
			ns.Containers = append(ns.Containers, cs)
		}
		s.Nodes = append(s.Nodes, ns)
	}
	for f := range e.functions.all() {
		s.Functions = append(s.Functions, FunctionStatus{
			Name: f.Spec.Name, QueueDepth: f.Waiting, InFlight: f.InFlight, Containers: f.Ready, Creating: f.Creating,
		})
		s.Counters.LeasesActive += int64(f.InFlight)
	}
	return s
}

func (e *Engine) sortedNodes() []*node {
	nodes := make([]*node, 0, len(e.nodes))
	for _, n := range e.nodes {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.Serial, b.Serial) })
	return nodes
}
