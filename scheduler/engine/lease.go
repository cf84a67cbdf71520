package engine

import "time"

// lease is one invocation's right to a container.
type lease struct {
	request    RequestID // may be empty
	container  *container
	granted    Instant
	started    int // leases of the container at the grant, this one included
	use        int // the container's Uses then
	deadline   heapItem
	onFunction element[lease]
	// onContainer puts it among its container's named or anonymous leases.
	onContainer element[lease]
}

// leaseKey finds a lease. One request holds at most one of a function.
type leaseKey struct {
	request  RequestID
	function int
}

// leaseOf finds the lease of a request on a function.
func (e *Engine) leaseOf(id RequestID, f *function) *lease {
	if l := e.leases[id]; l != nil && l.container.fn == f {
		return l
	}
	return e.further[leaseKey{id, f.Index}]
}

// leaseOn finds the lease that is given back. Its request leads there as a rule:
// that spares a search for the container among all that there are.
func (e *Engine) leaseOn(id ContainerID, request RequestID) *lease {
	if l := e.leases[request]; l != nil && l.container.id == id {
		return l
	}
	c := e.containers[id]
	switch {
	case c == nil:
		return nil
	case request == "":
		return c.anonymous.first()
	}
	if l := e.further[leaseKey{request, c.fn.Index}]; l != nil && l.container == c {
		return l
	}
	return nil
}

// name makes the lease findable by its request.
func (e *Engine) name(l *lease) {
	if e.leases[l.request] == nil {
		e.leases[l.request] = l
	} else {
		e.further[leaseKey{l.request, l.container.fn.Index}] = l
	}
}

func (e *Engine) unname(l *lease) {
	if e.leases[l.request] == l {
		delete(e.leases, l.request)
	} else {
		delete(e.further, leaseKey{l.request, l.container.fn.Index})
	}
}

func (e *Engine) grant(t Ticket, id RequestID, c *container, cold bool) {
	f := c.fn
	if c.InFlight == 0 && c.Uses > 0 {
		e.policy.Reused(e.now, &f.FunctionView, e.now.Sub(c.IdleSince))
	}
	e.delist(c)
	c.InFlight++
	c.node.InFlight++
	c.Uses++
	e.enlist(c)

	l := e.newLease()
	l.request, l.container, l.granted, l.started, l.use = id, c, e.now, c.InFlight, c.Uses
	if f.leases.n == 0 {
		f.OldestGrant = e.now
	}
	f.leases.pushBack(&l.onFunction)
	f.InFlight++
	if id == "" {
		c.anonymous.pushBack(&l.onContainer)
	} else {
		c.named.pushBack(&l.onContainer)
		e.name(l)
	}
	e.arm(&l.deadline, e.after(e.now, e.patience(f)))

	e.counters.Acquired++
	if cold {
		e.counters.ColdStarts++
	}
	e.emit(Action{Kind: Grant, Ticket: t, Request: id, Node: c.node.ID, Container: c.id, Cold: cold})
	e.decided(&e.out[len(e.out)-1], c)
}

// patience is how long one call of the function may hold a container.
func (e *Engine) patience(f *function) time.Duration {
	timeout := f.Spec.Timeout
	if timeout <= 0 {
		timeout = e.cfg.DefaultTimeout
	}
	if timeout > Forever-e.cfg.LeaseGrace {
		return Forever
	}
	return timeout + e.cfg.LeaseGrace
}

func (e *Engine) newLease() *lease {
	if n := len(e.freeLeases); n > 0 {
		l := e.freeLeases[n-1]
		e.freeLeases = e.freeLeases[:n-1]
		return l
	}
	l := &lease{}
	l.init()
	return l
}

func (l *lease) init() {
	l.onFunction.value, l.onContainer.value = l, l
	l.deadline.kind, l.deadline.owner = timerLease, l
}

// giveBack is the Return event.
func (e *Engine) giveBack(ev *Event) {
	l := e.leaseOn(ev.Container, ev.Request)
	if l == nil {
		return
	}
	c := l.container
	f := c.fn
	e.pool.LastActive = e.now
	e.counters.Returned++
	ask := e.policy.Returned(e.now, &f.FunctionView, Call{
		Outcome: ev.Outcome, Elapsed: e.now.Sub(l.granted), Started: l.started, Ended: c.InFlight, Size: c.Size,
		Alone: l.started == 1 && l.use == c.Uses,
	})
	serving := c.state == ready
	if serving {
		e.delist(c)
		size := e.rebook(c)
		if e.cfg.Resize && c.Memory < size.Memory {
			lost := c
			if !ev.Outcome.Lost {
				lost = nil
			}
			e.resize(f, size.Memory, lost)
		}
	}
	e.endLease(l)
	switch {
	case ev.Outcome.Lost && c.state != removing, c.state == retiring && c.InFlight == 0:
		e.remove(c)
	case serving && e.yields(c):
		c.node.hold.leaves(c)
		c.node.hold.fn.evicted++
		c.IdleSince = e.now
		e.policy.Evicted(e.now, &f.FunctionView, &c.ContainerView, c.worth.key)
		e.retire(c)
	case serving && e.policy.Retire(e.now, &f.FunctionView, &c.ContainerView):
		e.retire(c)
	case serving:
		e.limit(f)
		e.enlist(c)
	}
	e.serve(f, nil)
	if ask && f.queue.n == 0 {
		e.grow(f)
	}
}

// endLease takes the lease out of everything. A container in service must be
// delisted before, and enlisted again after.
func (e *Engine) endLease(l *lease) {
	c := l.container
	f := c.fn
	l.onContainer.leave()
	l.onFunction.leave()
	e.timers.remove(&l.deadline)
	if l.request != "" {
		e.unname(l)
	}
	c.InFlight--
	c.node.InFlight--
	f.InFlight--
	f.OldestGrant = 0
	if first := f.leases.first(); first != nil {
		f.OldestGrant = first.granted
	}
	l.container, l.request = nil, ""
	e.freeLeases = append(e.freeLeases, l)
}

func (e *Engine) leaseExpired(l *lease) {
	c := l.container
	f := c.fn
	e.counters.LeasesExpired++
	switch c.state {
	case ready:
		e.withdraw(c)
		c.state = quarantined
	case retiring:
		c.state = quarantined
	}
	e.endLease(l)
	if c.state == quarantined {
		c.quarantined, c.patience = e.now, e.now
		e.serve(f, nil)
	}
}

// cutLeases ends all leases of a container that is gone.
func (e *Engine) cutLeases(c *container) {
	for _, leases := range []*list[lease]{&c.named, &c.anonymous} {
		for l := leases.first(); l != nil; l = leases.first() {
			e.leasesCut++
			e.endLease(l)
		}
	}
}
