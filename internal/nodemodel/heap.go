package nodemodel

import "cmp"

// heap gives out its items by key, and those of one key by seq. The zero heap is
// empty. It is written out, since container/heap would box every item.
type heap[K cmp.Ordered, V any] []item[K, V]

type item[K cmp.Ordered, V any] struct {
	key   K
	seq   uint64
	value V
}

func (a item[K, V]) before(b item[K, V]) bool {
	return a.key < b.key || a.key == b.key && a.seq < b.seq
}

func (h *heap[K, V]) push(key K, seq uint64, value V) {
	*h = append(*h, item[K, V]{key, seq, value})
	h.up(len(*h) - 1)
}

// remove takes out the item at an index; the first is at 0.
func (h *heap[K, V]) remove(i int) V {
	items := *h
	value, last := items[i].value, len(items)-1
	items[i] = items[last]
	items[last] = item[K, V]{}
	*h = items[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
	return value
}

// filter keeps the items whose value passes.
func (h *heap[K, V]) filter(keep func(V) bool) {
	all, kept := *h, (*h)[:0]
	for _, it := range all {
		if keep(it.value) {
			kept = append(kept, it)
		}
	}
	clear(all[len(kept):])
	*h = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

func (h heap[K, V]) up(i int) {
	moved := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !moved.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = moved
}

func (h heap[K, V]) down(i int) {
	moved := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if next := child + 1; next < len(h) && h[next].before(h[child]) {
			child = next
		}
		if !h[child].before(moved) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = moved
}
