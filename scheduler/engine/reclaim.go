package engine

// Bounds of the search for containers to evict: it looks at those that are worth
// least on some nodes on which there is enough to gain, not at all of them.
const (
	leavingPerNode = 8
	idlePerNode    = 12
)

type victim struct {
	c    *container
	rank int64
}

// evictFor removes the cheapest idle containers that make room for one
// container of the function on some node, which is claimed for it. Those leaving
// anyway come first. It reports whether there is such a node; where it has not
// seen all, the next search goes on from there.
func (e *Engine) evictFor(f *function, need Bytes) bool {
	var best []victim
	from := e.index.after(e.evictAfter)
	e.evictAfter = nil
	for {
		place := e.index.gain.next(from, int64(need))
		if place < 0 {
			break
		}
		from = place + 1
		n := e.index.places[place]
		e.visited++
		victims := e.victims(n, need)
		if victims != nil && (best == nil || victims[len(victims)-1].rank < best[len(best)-1].rank) {
			best = victims
		}
		if e.busy() {
			if best == nil {
				e.evictAfter = n
			}
			break
		}
	}
	if best == nil {
		return false
	}
	e.evict(e.claim(f, best[0].c.node, need), best)
	return true
}

// evict has the victims leave for the claim.
func (e *Engine) evict(b *claim, victims []victim) {
	for _, v := range victims {
		b.leaves(v.c)
		if v.c.state == ready {
			e.policy.Evicted(e.now, &v.c.fn.FunctionView, &v.c.ContainerView, v.rank)
			e.remove(v.c)
		}
	}
}

// victims lists what must leave the node to free so much, in order of rank; nil
// when that is not to be had. Where it takes very many, it lists the first ones.
func (e *Engine) victims(n *node, need Bytes) []victim {
	missing := need - n.Free()
	var found []victim
	for el, i := n.removing.front, 0; el != nil && i < leavingPerNode; el, i = el.next, i+1 {
		e.visited++
		if c := el.value; c.batch == nil {
			found = append(found, victim{c, absent})
			if missing -= c.Booked; missing <= 0 {
				return found
			}
		}
	}
	var asked []*container
	for range idlePerNode {
		top := n.idle.top()
		if top == nil || missing <= 0 {
			break
		}
		e.visited++
		c := top.owner.(*container)
		rank, ok := e.policy.Evict(e.now, &c.fn.FunctionView, &c.ContainerView, &e.pool)
		if rank > top.key { // it has risen since: its turn may come later
			top.key = rank
			n.idle.put(top)
			continue
		}
		n.idle.remove(top)
		asked = append(asked, c)
		if ok {
			found = append(found, victim{c, top.key})
			missing -= c.Booked
		}
	}
	enough := missing <= 0 || n.idle.top() != nil
	for _, c := range asked {
		n.idle.put(&c.worth)
	}
	if !enough {
		return nil
	}
	return found
}
