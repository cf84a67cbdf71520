package engine

import (
	"cmp"
	"slices"
)

// Bounds of the search for containers to evict: it looks at the longest idle
// ones of some nodes on which there is enough to gain, not at all of them.
const (
	visitLimit   = 64 // no search, and no other node, after so many
	evictFew     = 8  // enough choice on one node, if they make room
	evictAtATime = 32 // at most from one node
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
			e.remove(v.c)
		}
	}
	return true
}

// victims lists what must leave the node to free so much, in order of rank; nil
// when that is not to be had. Where it takes very many, it lists the first ones.
func (e *Engine) victims(n *node, need Bytes) []victim {
	missing := need - n.Free()
	var leaving []victim
	for el, i := n.removing.front, 0; el != nil && i < evictAtATime; el, i = el.next, i+1 {
		e.visited++
		if c := el.value; c.batch == nil {
			leaving = append(leaving, victim{c, absent})
			if missing -= c.Memory; missing <= 0 {
				return leaving
			}
		}
	}
	var idle []victim
	var gain Bytes
	for el, i := n.idle.front, 0; el != nil && i < evictAtATime && (gain < missing || len(idle) < evictFew); el, i = el.next, i+1 {
		e.visited++
		c := el.value
		if rank, ok := e.policy.Evict(e.now, &c.fn.FunctionView, &c.ContainerView, &e.pool); ok {
			idle = append(idle, victim{c, rank})
			gain += c.Memory
		}
	}
	if gain < missing && len(idle) < evictAtATime {
		return nil
	}
	slices.SortFunc(idle, func(a, b victim) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.c.stamp, b.c.stamp))
	})
	for i, v := range idle {
		if missing -= v.c.Memory; missing <= 0 {
			idle = idle[:i+1]
			break
		}
	}
	return append(leaving, idle...)
}

// victimGone lets the function try again once all of its victims are gone.
func (e *Engine) victimGone(b *reclaim) {
	if b.left--; b.left > 0 {
		return
	}
	f := b.fn
	f.reclaims--
	if f.Waiting > 0 {
		e.starve(f, f.unplaced+1, e.size(f))
	}
}
