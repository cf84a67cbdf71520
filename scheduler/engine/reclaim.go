package engine

// Bounds of the search for containers to evict: it looks at those that are worth
// least on some nodes on which there is enough to gain, not at all of them.
const (
	visitLimit   = 24 // no search, and no other node, after so many
	evictAtATime = 16 // at most from one node
)

// reclaim is one wanted creation that waits for containers to leave.
type reclaim struct {
	fn   *function
	left int
}

type victim struct {
	c    *container
	rank int64
}

// evictFor removes the cheapest idle containers that make room for one
// container of the function on some node. Those leaving anyway come first. It
// reports whether there is such a node.
func (e *Engine) evictFor(f *function, need Bytes) bool {
	var best []victim
	place, until := -1, e.visited+visitLimit
	for e.visited < until {
		if place = e.index.gain.next(place+1, int64(need)); place < 0 {
			break
		}
		e.visited++
		victims := e.victims(e.index.places[place], need)
		if victims != nil && (best == nil || victims[len(victims)-1].rank < best[len(best)-1].rank) {
			best = victims
		}
	}
	if best == nil {
		return false
	}
	b := &reclaim{fn: f, left: len(best)}
	f.reclaims++
	for _, v := range best {
		v.c.batch = b
		if v.c.state == ready {
			e.policy.Evicted(e.now, &v.c.fn.FunctionView, &v.c.ContainerView, v.rank)
			e.remove(v.c)
		}
	}
	return true
}

// victims lists what must leave the node to free so much, in order of rank; nil
// when that is not to be had. Where it takes very many, it lists the first ones.
func (e *Engine) victims(n *node, need Bytes) []victim {
	missing := need - n.Free()
	var found []victim
	for el, i := n.removing.front, 0; el != nil && i < evictAtATime; el, i = el.next, i+1 {
		e.visited++
		if c := el.value; c.batch == nil {
			found = append(found, victim{c, absent})
			if missing -= c.Booked; missing <= 0 {
				return found
			}
		}
	}
	var asked []*container
	for range evictAtATime {
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

// victimGone lets the function try again once all of its victims are gone.
func (e *Engine) victimGone(b *reclaim) {
	if b.left--; b.left > 0 {
		return
	}
	f := b.fn
	f.reclaims--
	if f.Waiting > 0 {
		e.starve(f, f.unplaced+1, e.size(f).Booked)
	}
}
