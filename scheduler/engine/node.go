package engine

import "time"

type nodeState uint8

const (
	nodeServing nodeState = iota + 1
	nodeReleasing
	nodeGone
)

func (s nodeState) String() string {
	return [...]string{"", "ready", "releasing", "gone"}[s]
}

// What every call needs lies in front, together: see functionTable.
type node struct {
	// idle containers are in the order in which they would be evicted.
	idle                       heap
	idleMemory, removingMemory Bytes
	// hold is the claim on what gets idle here, if any.
	hold  *claim
	place int32 // in the index, while in service
	state nodeState
	// names: it has given a container's name in Stats, so it is one of ours.
	names bool
	// rigid: it can't resize containers.
	rigid bool
	NodeView

	all list[container]
	// removing ones are in order of the decision.
	removing list[container]
	// sandboxes wait there, as far as is known.
	sandboxes sandboxes

	timer heapItem
}

// gain is what would be free were every idle and leaving container gone.
func (n *node) gain() Bytes { return n.Free() + n.idleMemory + n.removingMemory }

// reservation is a ReserveNode under way.
type reservation struct {
	serial uint64
	since  Instant
	bound  *request
}

// book gives memory of the node to a container of the function, or takes it back.
func (e *Engine) book(n *node, f *function, memory Bytes) {
	was := n.Free()
	n.Booked += memory
	e.pool.Booked += memory
	f.booked += memory
	if f.tenant != nil {
		f.tenant.booked += memory
	}
	if n.state == nodeServing {
		e.index.rebooked(n, was)
	}
}

func (e *Engine) regained(n *node) {
	if n.state == nodeServing {
		e.index.regained(n)
	}
}

// reserve asks for as many nodes as what finds no room would fill, and no more.
func (e *Engine) reserve() {
	for range reservesPerAsk {
		if e.shortage <= 0 || e.now < e.retryAt {
			break
		}
		wanted := 1
		if e.latest > 0 {
			wanted = int((e.shortage + e.latest - 1) / e.latest)
		}
		if e.pool.Reserving >= wanted {
			break
		}
		e.reserveNode()
	}
	if e.shortage > 0 && e.now < e.retryAt && e.retryTimer.place == 0 {
		e.arm(&e.retryTimer, e.retryAt)
	}
}

func (e *Engine) reserveNode() *reservation {
	e.reservationSerial++
	r := &reservation{serial: e.reservationSerial, since: e.now}
	e.reservations[r.serial] = r
	e.pool.Reserving++
	e.emit(Action{Kind: ReserveNode, Reservation: r.serial})
	return r
}

// settle ends a reservation and returns the request bound to it, if any.
func (e *Engine) settle(r *reservation) *request {
	delete(e.reservations, r.serial)
	e.pool.Reserving--
	bound := r.bound
	if bound != nil {
		bound.reservation, r.bound = nil, nil
	}
	return bound
}

func (e *Engine) nodeReady(ev *Event) {
	var bound *request
	if r := e.reservations[ev.Reservation]; r != nil {
		bound = e.settle(r)
		e.policy.Reserved(e.now, e.now.Sub(r.since))
	}
	if ev.Node == "" || e.nodes[ev.Node] != nil {
		if bound != nil {
			e.dismiss(bound, NoCapacity, 0, "the reserved node has no id of its own")
		}
		return
	}
	e.counters.NodesReserved++
	e.nodeSerial++
	n := &node{state: nodeServing}
	n.ID, n.Serial, n.Capacity = ev.Node, e.nodeSerial, min(max(0, ev.Capacity), maxBytes)
	n.init()
	e.nodes[n.ID] = n
	e.index.add(n)
	e.pool.Nodes++
	e.pool.Capacity += n.Capacity
	e.pool.Exhausted = false
	e.largest = max(e.largest, n.Capacity)
	e.latest = n.Capacity
	e.nodeEmpty(n)
	e.relieved = true
	if bound == nil {
		return
	}
	if size := e.size(bound.fn); size.Booked <= n.Free() {
		bound.creation = e.create(n, bound.fn, size)
		bound.creation.bound = bound
	} else {
		e.dismiss(bound, NoCapacity, 0, e.explainSize(size.Booked))
	}
}

func (n *node) init() {
	n.node = n
	n.timer.kind, n.timer.owner = timerNode, n
}

func (e *Engine) nodeFailed(ev *Event) {
	r := e.reservations[ev.Reservation]
	if r == nil {
		return
	}
	bound := e.settle(r)
	e.pool.Exhausted, e.poolMessage = true, ev.Message
	e.retryAt = e.after(e.now, e.cfg.ReserveRetry)
	if bound != nil {
		e.dismiss(bound, NoCapacity, e.retryAfter(bound.fn), e.explainCapacity())
	} else {
		e.relieved = true // what may be evicted depends on the pool
	}
}

func (e *Engine) nodeAvailable() {
	e.pool.Exhausted = false
	e.retryAt = e.now
	e.timers.remove(&e.retryTimer)
	e.reserve()
}

// nodeEmpty starts the clock on a node without containers.
func (e *Engine) nodeEmpty(n *node) {
	n.EmptySince = e.now
	if n.state == nodeServing {
		e.nodeIdle(n)
	}
}

// nodeIdle releases a node that has been empty for as long as the policy keeps
// it, and asks again when that may be. A node that has just come is never
// released in the same step.
func (e *Engine) nodeIdle(n *node) {
	if n.Containers > 0 || n.state != nodeServing {
		return
	}
	keep := e.policy.KeepNode(e.now, &n.NodeView, &e.pool)
	if keep == Forever {
		return
	}
	if at := e.after(n.EmptySince, keep); at > e.now || n.EmptySince == e.now {
		e.arm(&n.timer, max(at, e.after(e.now, time.Millisecond)))
		return
	}
	n.state = nodeReleasing
	e.withdrawNode(n)
	e.pool.Draining++
	e.emit(Action{Kind: ReleaseNode, Node: n.ID})
}

func (e *Engine) withdrawNode(n *node) {
	e.forgetSandboxes(n)
	e.index.remove(n)
	e.pool.Nodes--
	e.pool.Capacity -= n.Capacity
}

func (e *Engine) nodeReleased(ev *Event) {
	if n := e.nodes[ev.Node]; n != nil && n.state == nodeReleasing {
		e.counters.NodesReleased++
		e.forget(n)
	}
}

func (e *Engine) forget(n *node) {
	if n.state == nodeServing {
		e.withdrawNode(n)
	} else {
		e.pool.Draining--
	}
	n.state = nodeGone
	if h := n.hold; h != nil && h.left == 0 {
		e.release(h)
	}
	e.timers.remove(&n.timer)
	delete(e.nodes, n.ID)
}

// nodeLost visits all that was on the node: nothing else tells it.
func (e *Engine) nodeLost(ev *Event) {
	n := e.nodes[ev.Node]
	if n == nil {
		return
	}
	e.counters.NodesLost++
	e.forget(n)
	message := "node " + string(n.ID) + " was lost while the container was being made"
	var touched []*function
	for c := n.all.first(); c != nil; c = n.all.first() {
		e.visited++
		f, bound := c.fn, c.bound
		e.counters.ContainersLost++
		e.drop(c)
		if bound != nil {
			e.dismiss(bound, CreateGaveUp, 0, message)
		}
		touched = append(touched, f)
	}
	for _, f := range touched {
		e.serve(f, nil)
	}
}
