package engine

import "strconv"

type containerState uint8

const (
	creating containerState = iota + 1
	ready
	quarantined
	retiring
	removing
	gone
)

func (s containerState) String() string {
	return [...]string{"", "creating", "ready", "quarantined", "retiring", "removing", "gone"}[s]
}

// What every call needs lies in front, together: see functionTable. A list of
// the function's leads to it, so that comes first, and leads on to the node.
type container struct {
	byFunction element[container] // idle or open
	fn         *function
	node       *node
	// stamp orders it on the lists of its function and node.
	stamp uint64
	state containerState
	// adopted: it was placed by an earlier engine, whose bookings are not ours to judge.
	adopted bool
	rigid   bool  // see wanted
	round   int32 // its function's when its creation was decided
	age     heapItem
	ContainerView
	id    ContainerID // empty while creating
	worth heapItem    // among the idle ones of its node, by Evict's rank

	named, anonymous list[lease]

	ofFunction element[container] // among all of its function
	onNode     element[container] // among all of its node
	byNode     element[container] // removing

	name    Name
	started Instant // when its creation was decided
	bound   *request
	// wanted is the limit that it is being resized to; rigid: that has failed.
	wanted Bytes
	// In quarantine since quarantined; busy after patience it is removed.
	quarantined, patience Instant
	// seen is the last Stats event that listed it.
	seen uint64
	// batch is the claim that it is leaving for.
	batch *claim
}

// add books a new container on the node.
func (e *Engine) add(n *node, f *function, size Size, s containerState) *container {
	e.containerSerial++
	c := &container{fn: f, node: n, state: s, started: e.now, round: int32(f.round)}
	c.Serial, c.Size, c.Node = e.containerSerial, size, &n.NodeView
	c.name = Name(strconv.FormatUint(e.cfg.Seed, 36) + "-" + strconv.FormatUint(c.Serial, 10))
	c.init()
	e.names[c.name] = c
	n.all.pushBack(&c.onNode)
	f.all.pushBack(&c.ofFunction)
	n.Containers++
	e.timers.remove(&n.timer)
	e.book(n, f, size.Booked)
	return c
}

func (c *container) init() {
	c.onNode.value, c.ofFunction.value, c.byFunction.value, c.byNode.value = c, c, c, c
	c.age.key, c.age.owner = int64(c.Serial), c
	c.worth.owner = c
}

// create starts a container on a node that has the room.
func (e *Engine) create(n *node, f *function, size Size) *container {
	c := e.add(n, f, size, creating)
	f.Creating++
	f.made++
	n.Creating++
	e.pool.Creating++
	e.takeSandbox(n, f)
	e.emit(Action{Kind: CreateContainer, Node: n.ID, Name: c.name, Function: f.Spec, Memory: size.Memory})
	return c
}

func (e *Engine) containerReady(ev *Event) {
	c := e.names[ev.Name]
	if c == nil || c.state != creating {
		if ev.Container != "" && e.nodes[ev.Node] != nil && e.containers[ev.Container] == nil {
			e.emit(Action{Kind: RemoveContainer, Node: ev.Node, Container: ev.Container})
		}
		return
	}
	if ev.Container == "" || e.containers[ev.Container] != nil {
		e.creationFailed(c, false, "node "+string(c.node.ID)+" gave the container no id of its own")
		return
	}
	f := c.fn
	e.counters.ContainersCreated++
	f.avoid, f.failure = nil, ""
	c.Prepared = ev.Prepared
	if ev.Sandbox != "" {
		f.sandbox = ev.Sandbox
	}
	e.policy.Started(e.now, &f.FunctionView, &c.ContainerView, e.now.Sub(c.started))
	f.Creating--
	c.node.Creating--
	e.pool.Creating--
	e.relieved = e.relieved || e.starving > 0 && e.policy.Pace(&e.pool) > 0
	c.id = ev.Container
	e.containers[c.id] = c
	e.intoService(c)
	if r := c.bound; r != nil {
		ticket, id := r.ticket, r.id
		e.asked = r.asked
		e.dequeue(r)
		e.grant(ticket, id, c, true)
		return
	}
	e.serve(f, c)
}

func (e *Engine) intoService(c *container) {
	c.state = ready
	c.InService = true
	c.ReadyAt = e.now
	c.fn.Ready++
	e.limit(c.fn)
	e.enlist(c)
	e.watchIdle(c.fn, true)
	e.stays(c)
}

// withdraw takes a container out of service; the caller sets its next state.
func (e *Engine) withdraw(c *container) {
	e.delist(c)
	c.InService = false
	c.fn.Ready--
}

// remove has the container removed. Its memory stays booked until it is gone.
func (e *Engine) remove(c *container) {
	if c.state == ready {
		// Its lists have been left already when its last lease is ending.
		e.withdraw(c)
	}
	c.state = removing
	e.uses++
	c.stamp = e.uses
	c.node.removing.pushBack(&c.byNode)
	c.node.removingMemory += c.Booked
	e.regained(c.node)
	e.emit(Action{Kind: RemoveContainer, Node: c.node.ID, Name: c.name, Container: c.id})
}

// rebook has the node set aside for the container, which is on no list, what its
// function has been learned to need; more only as far as there is room. It returns
// what a new one would get.
func (e *Engine) rebook(c *container) Size {
	size := e.size(c.fn)
	booked := min(size.Booked, c.Memory, max(c.Booked, c.Booked+c.node.Free()))
	if booked == c.Booked {
		return size
	}
	e.relieved = e.relieved || booked < c.Booked
	e.book(c.node, c.fn, booked-c.Booked)
	c.Booked = booked
	return size
}

// retire takes a container, whose lists have been left, out of service. It is
// removed once it is empty.
func (e *Engine) retire(c *container) {
	if c.InFlight == 0 {
		e.remove(c)
		return
	}
	e.withdraw(c)
	c.state = retiring
}

// drop forgets a container that is not there any more.
func (e *Engine) drop(c *container) {
	f, n := c.fn, c.node
	switch c.state {
	case creating:
		f.Creating--
		n.Creating--
		e.pool.Creating--
	case ready:
		e.withdraw(c)
	case removing:
		c.byNode.leave()
		n.removingMemory -= c.Booked
	}
	c.state = gone
	e.cutLeases(c)
	delete(e.names, c.name)
	if c.id != "" {
		delete(e.containers, c.id)
	}
	c.onNode.leave()
	c.ofFunction.leave()
	n.Containers--
	e.book(n, f, -c.Booked)
	e.relieved = true
	e.stays(c)
	if h := n.hold; h != nil && h.left == 0 && n.Free() >= 0 {
		e.fulfil(h)
	}
	if n.Containers == 0 {
		e.nodeEmpty(n)
	}
}

func (e *Engine) containerFailed(ev *Event) {
	if c := e.names[ev.Name]; c != nil && c.state == creating {
		e.creationFailed(c, ev.Permanent, ev.Message)
	}
}

func (e *Engine) creationFailed(c *container, permanent bool, message string) {
	f, r := c.fn, c.bound
	why := CreateGaveUp
	if permanent {
		why = CreateFailed
	}
	e.counters.ContainersFailed++
	f.failure = message
	f.avoid = c.node
	if int(c.round) == f.round {
		f.round++
	}
	e.drop(c)
	if r != nil {
		e.dismiss(r, why, 0, message)
		return
	}
	if e.rules.Binds {
		return
	}
	if f.Ready == 0 && f.Creating == 0 {
		f.doomed, f.doom = why, f.round-e.cfg.CreateAttempts+1
		if permanent {
			f.round++
			f.doom = f.round
		}
	} else if first := f.queue.first(); first != nil && (permanent || f.round-first.round >= e.cfg.CreateAttempts) {
		f.holdUntil = e.after(e.now, e.cfg.ReserveRetry)
	}
	e.serve(f, nil)
}

// dismissDoomed refuses those who have seen too many creations fail, and
// reports whether some are left.
func (e *Engine) dismissDoomed(f *function) bool {
	for r := f.queue.first(); r != nil && r.round < f.doom; r = f.queue.first() {
		if e.full() {
			return true
		}
		e.dismiss(r, f.doomed, 0, f.failure)
	}
	return false
}

func (e *Engine) containerLost(ev *Event) {
	if c := e.containers[ev.Container]; c != nil {
		e.lost(c)
	}
}

func (e *Engine) lost(c *container) {
	e.counters.ContainersLost++
	f := c.fn
	e.drop(c)
	e.serve(f, nil)
}

func (e *Engine) containerRemoved(ev *Event) {
	c := e.names[ev.Name]
	if c == nil || c.state != removing {
		return
	}
	e.counters.ContainersRemoved++
	f := c.fn
	e.drop(c)
	e.serve(f, nil)
}
