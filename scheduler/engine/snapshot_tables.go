package engine

import (
	"cmp"
	"slices"
)

func (s *snapshot) nodeTable() {
	c, e := s.c, s.e
	for _, n := range e.sortedNodes() {
		s.nodes.add(n)
	}
	s.nodes.each(c, func(n *node) {
		Text(c, &n.ID)
		Int(c, &n.Serial)
		Int(c, &n.state)
		Int(c, &n.Capacity)
		Int(c, &n.EmptySince)
		Bool(c, &n.names)
		Bool(c, &n.rigid)
		if c.Reading() {
			n.init()
			e.nodes[n.ID] = n
			if n.state == nodeServing {
				e.index.add(n)
				e.pool.Nodes++
				e.pool.Capacity += n.Capacity
			} else {
				n.state = nodeReleasing
				e.pool.Draining++
			}
		}
		s.sandboxes(n)
		s.timer(&n.timer)
	})
	s.lasting(&e.evictAfter)
	s.lasting(&e.holdAfter)
	for f := range e.functions.all() {
		s.lasting(&f.avoid)
	}
}

// lasting is a reference to a node that may be gone, and then is nil.
func (s *snapshot) lasting(n **node) {
	there := *n
	if there != nil && there.state == nodeGone {
		there = nil
	}
	s.nodes.ref(s.c, &there)
	*n = there
}

func (s *snapshot) containerTable() {
	c, e := s.c, s.e
	for _, n := range s.nodes.rows {
		for el := n.all.front; el != nil; el = el.next {
			s.containers.add(el.value)
		}
	}
	for _, x := range s.containers.rows {
		if x.batch != nil && s.claims.at[x.batch] == 0 {
			s.claims.add(x.batch)
		}
	}
	for _, t := range e.byAccount {
		if t.hold != nil && s.claims.at[t.hold] == 0 {
			s.claims.add(t.hold)
		}
	}
	s.claims.each(c, s.claim)
	s.containers.each(c, s.container)
	if !c.Reading() || c.Err() != nil {
		return
	}
	bySerial := slices.Clone(s.containers.rows)
	slices.SortFunc(bySerial, func(a, b *container) int { return cmp.Compare(a.Serial, b.Serial) })
	for _, x := range bySerial {
		x.fn.all.pushBack(&x.ofFunction)
	}
	byUse := slices.Clone(s.containers.rows)
	slices.SortFunc(byUse, func(a, b *container) int { return cmp.Compare(a.stamp, b.stamp) })
	for _, x := range byUse {
		f, n := x.fn, x.node
		switch {
		case x.state == removing:
			n.removing.pushBack(&x.byNode)
			n.removingMemory += x.Booked
			e.regained(n)
		case x.state == ready && x.InFlight == 0:
			f.Idle++
			f.idle.pushFront(&x.byFunction)
			x.worth.tie = x.stamp
			n.idle.put(&x.worth)
			n.idleMemory += x.Booked
			e.regained(n)
		case s.open[x]:
			f.open.pushFront(&x.byFunction)
		default:
			continue
		}
		if e.rules.OldestFirst && x.state == ready {
			f.byAge.put(&x.age)
		}
	}
}

func (s *snapshot) claim(b *claim) {
	c := s.c
	s.function(&b.fn)
	s.nodes.ref(c, &b.node)
	Int(c, &b.need)
	Int(c, &b.left)
	Int(c, &b.coming)
	Bool(c, &b.hold)
	Int(c, &b.until)
	if !c.Reading() {
		return
	}
	if b.node == nil || b.fn.tenant == nil {
		c.Fail("a claim is on no node, or nobody's")
		return
	}
	s.e.setAside(b.node, b.need)
	if b.hold {
		b.node.hold, b.fn.tenant.hold = b, b
	} else {
		b.fn.reclaims++
	}
}

func (s *snapshot) container(x *container) {
	c, e := s.c, s.e
	s.function(&x.fn)
	s.nodes.ref(c, &x.node)
	if x.node == nil {
		c.Fail("a container is on no node")
		return
	}
	Int(c, &x.Serial)
	Int(c, &x.Memory)
	Int(c, &x.Booked)
	Int(c, &x.worth.key)
	Int(c, &x.InFlight)
	Int(c, &x.ReadyAt)
	Int(c, &x.IdleSince)
	Int(c, &x.Uses)
	Bool(c, &x.Prepared)
	Bool(c, &x.Resizing)
	Int(c, &x.wanted)
	Bool(c, &x.rigid)
	Text(c, &x.name)
	Text(c, &x.id)
	Int(c, &x.state)
	Bool(c, &x.adopted)
	Int(c, &x.started)
	Int(c, &x.round)
	Int(c, &x.quarantined)
	Int(c, &x.patience)
	Int(c, &x.stamp)
	Int(c, &x.seen)
	s.claims.ref(c, &x.batch)
	open := x.byFunction.in == &x.fn.open
	Bool(c, &open)
	if !c.Reading() {
		return
	}
	x.init()
	x.Node = &x.node.NodeView
	x.InService = x.state == ready
	if open {
		s.open[x] = true
	}
	e.names[x.name] = x
	if x.id != "" {
		e.containers[x.id] = x
	}
	x.node.all.pushBack(&x.onNode)
	x.node.Containers++
	e.book(x.node, x.fn, x.Booked)
	switch x.state {
	case creating:
		x.fn.Creating++
		x.node.Creating++
		e.pool.Creating++
	case ready:
		x.fn.Ready++
	}
}

func (s *snapshot) requestTable() {
	c, e := s.c, s.e
	for f := range e.functions.all() {
		for el := f.queue.front; el != nil; el = el.next {
			s.requests.add(el.value)
		}
	}
	for _, x := range s.containers.rows {
		if x.bound != nil {
			s.requests.add(x.bound)
		}
	}
	for _, r := range s.sortedReservations() {
		if r.bound != nil {
			s.requests.add(r.bound)
		}
	}
	s.requests.each(c, func(r *request) {
		s.function(&r.fn)
		Int(c, &r.ticket)
		Text(c, &r.id)
		Int(c, &r.arrived)
		Int(c, &r.round)
		s.containers.ref(c, &r.creation)
		queued := r.onQueue.in != nil
		Bool(c, &queued)
		if c.Reading() {
			r.init()
			e.tickets[r.ticket] = r
			if r.id != "" {
				e.waiting[r.id] = r
			}
			r.fn.Waiting++
			if r.fn.tenant == nil {
				c.Fail("a request waits for a function of nobody")
				return
			}
			r.fn.tenant.waiting++
			if queued {
				r.fn.queue.pushBack(&r.onQueue)
				r.fn.OldestWait = r.fn.queue.first().arrived
			}
			if r.creation != nil {
				r.creation.bound = r
			}
		}
		s.timer(&r.deadline)
	})
}

func (s *snapshot) sortedReservations() []*reservation {
	all := make([]*reservation, 0, len(s.e.reservations))
	for _, r := range s.e.reservations {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *reservation) int { return cmp.Compare(a.serial, b.serial) })
	return all
}

func (s *snapshot) reservationTable() {
	c, e := s.c, s.e
	var t table[reservation]
	for _, r := range s.sortedReservations() {
		t.add(r)
	}
	t.each(c, func(r *reservation) {
		Int(c, &r.serial)
		Int(c, &r.since)
		s.requests.ref(c, &r.bound)
		if !c.Reading() {
			return
		}
		e.reservations[r.serial] = r
		e.pool.Reserving++
		if r.bound != nil {
			r.bound.reservation = r
		}
	})
}

func (s *snapshot) leaseTable() {
	c, e := s.c, s.e
	var t table[lease]
	for f := range e.functions.all() {
		for el := f.leases.front; el != nil; el = el.next {
			t.add(el.value)
		}
	}
	t.each(c, func(l *lease) {
		s.containers.ref(c, &l.container)
		if l.container == nil {
			c.Fail("a lease has no container")
			return
		}
		Text(c, &l.request)
		Int(c, &l.granted)
		Int(c, &l.started)
		Int(c, &l.use)
		if c.Reading() {
			l.init()
			x, f := l.container, l.container.fn
			if f.leases.n == 0 {
				f.OldestGrant = l.granted
			}
			f.leases.pushBack(&l.onFunction)
			f.InFlight++
			x.node.InFlight++
			if l.request == "" {
				x.anonymous.pushBack(&l.onContainer)
			} else {
				x.named.pushBack(&l.onContainer)
				e.name(l)
			}
		}
		s.timer(&l.deadline)
	})
}
