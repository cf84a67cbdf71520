package sim

import "time"

// endHeap holds the ends of planned calls: the earliest is first, and of those
// at one instant the one that was added first.
type endHeap struct {
	heap  []plannedEnd
	added uint64
}

type plannedEnd struct {
	at    time.Duration
	order uint64
	c     *planned
}

func (h *endHeap) len() int            { return len(h.heap) }
func (h *endHeap) next() time.Duration { return h.heap[0].at }
func (h *endHeap) first() *planned     { return h.heap[0].c }

func (h *endHeap) add(at time.Duration, c *planned) {
	h.added++
	h.heap = append(h.heap, plannedEnd{at, h.added, c})
	for i := len(h.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.heap[i], h.heap[parent] = h.heap[parent], h.heap[i]
		i = parent
	}
}

func (h *endHeap) pop() *planned {
	c, last := h.heap[0].c, len(h.heap)-1
	h.heap[0] = h.heap[last]
	h.heap = h.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return c
		}
		if child+1 < last && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return c
		}
		h.heap[i], h.heap[child] = h.heap[child], h.heap[i]
		i = child
	}
}

func (h *endHeap) less(i, j int) bool {
	a, b := &h.heap[i], &h.heap[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
