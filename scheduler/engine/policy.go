package engine

import (
	"iter"
	"math"
	"slices"
	"time"
)

// A Policy answers the questions that have more than one good answer. The
// engine holds the rules: it books memory, keeps leases and refuses what can't
// be, whatever a policy says.
//
// A policy must be deterministic: what it answers may depend on its arguments
// and on what it was told before, and on nothing else. It must not keep or
// change what the pointers lead to. Its own state about a function it keeps by
// FunctionView.Index, which is dense. It is called by one Engine only, never
// concurrently.
type Policy interface {
	// Name is what configuration calls it.
	Name() string
	// Rules is asked once, when the engine is made.
	Rules() Rules

	// Size is the memory of a new container. It is asked after each call, too: what
	// is booked for the function's containers follows what has been learned.
	Size(f *FunctionView) Size
	// Concurrency is how many leases one container may hold; less than 1 means
	// 1. It is asked at every grant and return.
	Concurrency(f *FunctionView) int
	// Scale says how many more creations to start now, those under way not
	// counted, and when to be asked again (0: the policy does not mind). It
	// is asked whenever requests wait after something happened to the function,
	// every RescaleInterval while any wait, when an idle container has been
	// removed, and when it said so itself.
	Scale(now Instant, f *FunctionView, p *PoolView) (create int, again Instant)
	// Pace is how many creations may be under way at once, of all functions
	// together; 0 sets no bound. Those beyond it wait for the turn of their
	// tenant, as they do for memory, so Scale need not look at the pace.
	Pace(p *PoolView) int
	// Wait is how long a request that came now and found no container with room
	// would have to wait at the least. A request whose deadline is sooner is refused
	// at once, so it must never be too long; 0 refuses nobody.
	Wait(now Instant, f *FunctionView, p *PoolView) time.Duration
	// Place chooses the node of a new container that books so much; nil means
	// that none will do.
	Place(now Instant, f *FunctionView, nodes *Nodes, need Bytes) *NodeView
	// KeepContainer is how long the container may be idle, Forever included. It
	// is asked about the function's longest idle one only: of more, those age first.
	KeepContainer(now Instant, f *FunctionView, c *ContainerView) time.Duration
	// KeepNode is how long the node may be empty, Forever included.
	KeepNode(now Instant, n *NodeView, p *PoolView) time.Duration
	// Retire says whether the container shall serve nobody else. It is asked after
	// each of its calls; a container that retires is removed once it is empty.
	Retire(now Instant, f *FunctionView, c *ContainerView) bool
	// Evict says whether the idle container may go to make room for another
	// function, and its rank: lower ranks go first. It is asked when the container
	// gets idle, for the rank alone, and again when it is among the lowest while
	// room is wanted for another function; of those it is the latest rank that counts.
	Evict(now Instant, f *FunctionView, c *ContainerView, wanted *FunctionView) (rank int64, ok bool)
	// Urgency orders the functions of one account that wait for room: lower goes
	// first. It is asked whenever one has asked for room, at least every RescaleInterval.
	Urgency(now Instant, f *FunctionView) int64

	Observer

	// State writes or reads all that the policy has learned.
	State(c *Codec)
}

// An Observer is told what a policy may learn from.
type Observer interface {
	// Announced: a function has been deployed and may be called soon. True asks for Scale.
	Announced(now Instant, f *FunctionView) (scale bool)
	// Arrived: a request came. It is not counted in f yet. True asks for Scale
	// once it has been served.
	Arrived(now Instant, f *FunctionView) (scale bool)
	// Reused: a container was granted after it had been idle for gap.
	Reused(now Instant, f *FunctionView, gap time.Duration)
	// Expired: a container is removed after it has been idle for so long.
	Expired(now Instant, f *FunctionView, idle time.Duration)
	// Evicted: a container is removed to make room, with the rank that it had.
	Evicted(now Instant, f *FunctionView, c *ContainerView, rank int64)
	// Returned: a call ended. It is still counted in f. True asks for Scale.
	Returned(now Instant, f *FunctionView, call Call) (scale bool)
	// Started: a container got ready, so long after the engine asked for it.
	Started(now Instant, f *FunctionView, c *ContainerView, took time.Duration)
	// Reserved: a node got ready, so long after the engine asked for it.
	Reserved(now Instant, took time.Duration)
}

// Rules are what of a policy never changes.
type Rules struct {
	// Binds: a creation serves the request that caused it and no other; nothing
	// is waited for but that, and nothing tried twice. Scale is never asked.
	Binds bool
	// BindsEarly: a request that found no container with room is served by a
	// container that is made because of it, though not always the same one.
	// Those that come back serve such requests only for which nothing is under way.
	BindsEarly bool
	// OldestFirst: of the containers with room the one created first is
	// granted. Otherwise it is the one used last, busy ones with room before idle ones.
	OldestFirst bool
	// RetiresIdle: Retire is asked about some idle containers, too, before Scale is asked
	// at its own wish, and before KeepContainer is when its time has come.
	RetiresIdle bool
}

// Forever is longer than anything is kept.
const Forever time.Duration = math.MaxInt64

// RescaleInterval is how often Scale is asked again while requests wait.
const RescaleInterval = 100 * time.Millisecond

// Size is the memory of a container.
type Size struct {
	// Memory is the container's limit, from which the platform derives its CPU quota.
	Memory Bytes
	// Booked is what the node sets aside for it; 0 means Memory, and it is never more.
	Booked Bytes
}

// FunctionView is what a policy sees of a function.
type FunctionView struct {
	// Index counts functions from 0 in order of appearance.
	Index int
	Spec  *FunctionSpec
	// Waiting requests, the oldest of which came at OldestWait.
	Waiting    int
	OldestWait Instant
	// InFlight leases, the oldest of which was granted at OldestGrant.
	InFlight    int
	OldestGrant Instant
	// Ready containers are in service, and Idle of them hold no lease.
	Ready, Idle int
	// Creating counts creations under way.
	Creating int
	// Pool is that of all functions.
	Pool *PoolView

	fn *function
}

// Containers yields the function's containers of all kinds, that made last first.
func (f *FunctionView) Containers() iter.Seq[*ContainerView] {
	return func(yield func(*ContainerView) bool) {
		if f.fn == nil {
			return
		}
		for el := f.fn.all.back; el != nil; el = el.prev {
			if !yield(&el.value.ContainerView) {
				return
			}
		}
	}
}

// ContainerView is what a policy sees of a container.
type ContainerView struct {
	InFlight int
	// Uses counts the leases so far.
	Uses int
	// IdleSince is meaningful while InFlight is 0.
	IdleSince Instant
	Node      *NodeView
	Size
	// InService: it may be granted, or would be if it had room.
	InService bool
	// Resizing: its limit is being raised to what a new one would get.
	Resizing bool
	// Prepared: it was made from a sandbox that waited.
	Prepared bool
	// Serial counts containers from 1 in order of the decision to create them.
	Serial uint64
	// ReadyAt is when it came into service.
	ReadyAt Instant
}

// NodeView is what a policy sees of a node.
type NodeView struct {
	ID NodeID
	// Booked of Capacity is promised to containers. Adopted ones may exceed it.
	Capacity, Booked Bytes
	// Claimed is set aside for containers that are made as soon as others have left.
	Claimed Bytes
	// Containers of all kinds; Creating are being made on it, and InFlight
	// counts the leases.
	InFlight, Creating, Containers int
	// Serial counts nodes from 1 in the order in which they were reserved.
	Serial uint64
	// EmptySince is meaningful while Containers is 0.
	EmptySince Instant

	node *node
}

// Free is what may still be promised. It is negative on an overbooked node, and
// where others have to leave for what it is claimed for.
func (n *NodeView) Free() Bytes { return n.Capacity - n.Booked - n.Claimed }

// PoolView is what a policy sees of all nodes together.
type PoolView struct {
	// Nodes in service, Draining ones on their way out, Reserving on their way in.
	Nodes, Draining, Reserving int
	// Creating counts creations under way, of all functions.
	Creating int
	// Booked of Capacity is promised to containers on the nodes in service.
	Capacity, Booked Bytes
	// Exhausted: the last attempt to reserve a node failed, and nothing since
	// has said that another would not.
	Exhausted bool
	// LastActive is when a request last came or a call ended.
	LastActive Instant

	index     *Nodes
	sandboxes sandboxes
}

// MostFree is the most memory that is free on one of the nodes in service whose
// Serial is less; 0 without any.
func (p *PoolView) MostFree(below uint64) Bytes {
	if p.index == nil {
		return 0
	}
	for i := len(p.index.byFree) - 1; i >= 0; i-- {
		if n := &p.index.byFree[i].node.NodeView; n.Serial < below {
			return n.Free()
		}
	}
	return 0
}

// Latest yields nodes in service, that reserved last first. It may end early
// where others have left in between.
func (p *PoolView) Latest() iter.Seq[*NodeView] {
	return func(yield func(*NodeView) bool) {
		if p.index == nil {
			return
		}
		places := p.index.places
		for _, n := range slices.Backward(places[max(0, len(places)-latestPlaces):]) {
			if n != nil && !yield(&n.NodeView) {
				return
			}
		}
	}
}

// latestPlaces is how many places Latest looks at.
const latestPlaces = 16

// Call is an invocation that ended.
type Call struct {
	Outcome
	// Elapsed since the grant.
	Elapsed time.Duration
	// Started and Ended are the leases of its container, itself counted, then.
	Started, Ended int
	// Alone: no other lease of the container overlapped with it.
	Alone bool
	// Size of its container.
	Size Size
}
