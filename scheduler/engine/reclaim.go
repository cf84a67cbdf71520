package engine

import (
	"cmp"
	"slices"
)

// Bounds of the search for containers to evict: it looks at those that are worth
// least on some nodes on which there is enough to gain, not at all of them.
const (
	leavingPerNode = 8
	idlePerNode    = 12
	idleChoice     = 8 // looked at, at least: what they are worth has changed
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
		victims := e.victims(f, n, need)
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
			b.fn.evicted++
			e.policy.Evicted(e.now, &v.c.fn.FunctionView, &v.c.ContainerView, v.rank)
			e.remove(v.c)
		}
	}
}

// victims lists what must leave the node to free so much, in order of rank; nil
// when that is not to be had. Where it takes very many, it lists the first ones.
func (e *Engine) victims(f *function, n *node, need Bytes) []victim {
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
	if missing <= 0 {
		return found
	}
	idle, enough := e.cheapest(f, n, missing)
	if !enough {
		return nil
	}
	for _, v := range idle {
		if missing <= 0 {
			break
		}
		found = append(found, v)
		missing -= v.c.Booked
	}
	return found
}

// cheapest lists idle containers of the node that the policy lets go for the
// function, by what they are worth now. enough: they make room for so much, or
// there are more of them.
func (e *Engine) cheapest(f *function, n *node, missing Bytes) (idle []victim, enough bool) {
	var asked []*container
	for len(asked) < idlePerNode && (missing > 0 || len(asked) < idleChoice) {
		top := n.idle.top()
		if top == nil {
			break
		}
		e.visited++
		n.idle.remove(top)
		c := top.owner.(*container)
		asked = append(asked, c)
		var ok bool
		if top.key, ok = e.policy.Evict(e.now, &c.fn.FunctionView, &c.ContainerView, &f.FunctionView); ok {
			idle = append(idle, victim{c, top.key})
			missing -= c.Booked
		}
	}
	enough = missing <= 0 || len(idle) > 0 && n.idle.top() != nil
	for _, c := range asked {
		n.idle.put(&c.worth)
	}
	slices.SortFunc(idle, func(a, b victim) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.c.stamp, b.c.stamp))
	})
	return idle, enough
}
