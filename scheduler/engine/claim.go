package engine

import "time"

// claim is memory of one node set aside for one container of a function while
// others leave to make room for it. Nobody else is given it: room made for one
// does not go to whoever comes first.
type claim struct {
	fn   *function
	node *node
	need Bytes
	// left containers are leaving for it, and coming is their memory.
	left   int
	coming Bytes
	// hold: it began with nothing leaving, because all is busy. Until then
	// something must be, or the claim is given up.
	hold  bool
	until Instant
}

const (
	// holdFor is how long a node is held for a function before the next one may
	// have its turn: most calls end sooner.
	holdFor = 2 * time.Second
	// holdChoice is how many nodes are looked at to choose the one to hold.
	holdChoice = 4
)

func (e *Engine) claim(f *function, n *node, need Bytes) *claim {
	b := &claim{fn: f, node: n, need: need}
	f.reclaims++
	e.setAside(n, need)
	return b
}

func (e *Engine) setAside(n *node, memory Bytes) {
	was := n.Free()
	n.Claimed += memory
	if n.state == nodeServing {
		e.index.rebooked(n, was)
	}
}

// leaves has a container leave for the claim.
func (b *claim) leaves(c *container) {
	c.batch = b
	b.left++
	b.coming += c.Booked
}

// stays ends a container's part in the claim that it was leaving for, because
// it is gone or in service again.
func (e *Engine) stays(c *container) {
	b := c.batch
	if b == nil {
		return
	}
	c.batch = nil
	b.left--
	b.coming -= c.Booked
	if b.left == 0 {
		e.fulfil(b)
	}
}

// fulfil makes the container that the claim is for, now that nothing more leaves.
func (e *Engine) fulfil(b *claim) {
	f, n := b.fn, b.node
	wanted := f.Waiting > 0 && (!b.hold || f.unplaced > 0)
	if wanted && n.state == nodeServing && n.Free() < 0 {
		if more := e.victims(f, n, 0); more != nil {
			e.evict(b, more)
			return
		}
		if b.hold {
			b.until = e.after(e.now, holdFor)
			return
		}
	}
	e.release(b)
	if !wanted {
		return
	}
	size := e.size(f)
	made := n.state == nodeServing && size.Booked <= n.Free()
	if made {
		e.create(n, f, size)
	}
	switch {
	case made && b.hold:
		f.tenant.deficit -= size.Booked
		e.starve(f, f.unplaced-1, size.Booked)
	case !made && !b.hold:
		e.starve(f, f.unplaced+1, size.Booked)
	}
}

// release ends the claim.
func (e *Engine) release(b *claim) {
	if b.hold {
		b.node.hold, b.fn.tenant.hold = nil, nil
	} else {
		b.fn.reclaims--
	}
	e.setAside(b.node, -b.need)
	e.relieved = true
}

// holdRoom claims a node for a function that found no room and nothing to evict
// while no more nodes can be had. What ends there goes to it: see yields. A
// tenant holds one node at a time, and gives way to one that has less.
func (e *Engine) holdRoom(f *function, need Bytes) {
	t := f.tenant
	if h := t.hold; h != nil {
		if h.left > 0 || h.fn != f && e.now < h.until {
			return
		}
		if h.fn == f && h.need == need && e.now < h.until {
			if h.node.gain() >= 0 {
				e.evict(h, e.victims(f, h.node, 0))
			}
			return
		}
		e.release(h)
	}
	switch others := e.pool.Booked - t.booked; {
	case !e.pool.Exhausted, e.index.most() >= need:
		return // it is not memory that is lacking, or not for long
	case others < need:
		return // it has all there is
	}
	var best *node
	for range min(holdChoice, e.index.live) {
		place := e.index.free.next(e.index.after(e.holdAfter), absent+1)
		if place < 0 {
			place = e.index.free.next(0, absent+1)
		}
		n := e.index.places[place]
		e.visited++
		e.holdAfter = n
		taken := n.hold != nil && (n.hold.left > 0 || t.booked >= n.hold.fn.tenant.booked)
		if n.Capacity >= need && !taken && (best == nil || n.gain() > best.gain()) {
			best = n
		}
	}
	if best == nil {
		return
	}
	if best.hold != nil {
		e.release(best.hold)
	}
	h := &claim{fn: f, node: best, need: need, hold: true, until: e.after(e.now, holdFor)}
	best.hold, t.hold = h, h
	e.setAside(best, need)
}

// yields: the container, one of whose calls has just ended, shall serve no
// other but leave for the one for which its node is held. Only those give that
// have no less than the other afterwards, unless the other has nothing at all.
func (e *Engine) yields(c *container) bool {
	h := c.node.hold
	if h == nil || h.coming >= -c.node.Free() || h.fn.unplaced == 0 || c.fn.tenant == h.fn.tenant || c.fn.tenant == nil {
		return false
	}
	has, gets := c.fn.tenant.booked, h.fn.tenant.booked
	return gets == 0 || has-c.Booked >= gets+h.need
}
