package sim

import "time"

// heapItem is a node's place among those on which something is going on.
type heapItem struct {
	number uint64        // ties: the node reserved first is first
	next   time.Duration // when something ends there
	place  int           // in the heap, from 1; 0: not in it
}

// nodeHeap knows on which node something ends first.
type nodeHeap struct{ heap []*node }

func (h *nodeHeap) first() *node { return h.heap[0] }

func (h *nodeHeap) next() (time.Duration, bool) {
	if len(h.heap) == 0 {
		return 0, false
	}
	return h.heap[0].next, true
}

// touched asks the node anew when something ends on it.
func (h *nodeHeap) touched(n *node) {
	next, some := n.model.Next()
	switch {
	case !some:
		h.remove(n)
	case n.place == 0:
		h.heap = append(h.heap, n)
		n.next, n.place = next, len(h.heap)
		h.up(n.place - 1)
	case next < n.next:
		n.next = next
		h.up(n.place - 1)
	case next > n.next:
		n.next = next
		h.down(n.place - 1)
	}
}

func (h *nodeHeap) remove(n *node) {
	if n.place == 0 {
		return
	}
	i, last := n.place-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	n.place = 0
	if i < last {
		h.up(i)
		h.down(i)
	}
}

func (h *nodeHeap) less(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	return a.next < b.next || a.next == b.next && a.number < b.number
}

func (h *nodeHeap) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i+1, j+1
}

func (h *nodeHeap) up(i int) {
	for i > 0 && h.less(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h *nodeHeap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
