package engine

// heap is a binary min-heap of items that know their place, ordered by key and
// then by tie. It holds the timers, the idle containers of a node by worth, and
// the containers of a function by age. What items are ordered by is kept in the
// heap itself: to compare them is to look at what lies side by side in memory.
type heap struct {
	slots []slot
}

type slot struct {
	key  int64
	tie  uint64
	item *heapItem
}

// heapItem is in at most one heap; place is 0 when it is in none. A new key or
// tie counts from the next put on.
type heapItem struct {
	key   int64
	tie   uint64
	owner any
	place int32
	kind  timerKind
}

func (a *slot) before(b *slot) bool {
	return a.key < b.key || a.key == b.key && a.tie < b.tie
}

// top returns nil when the heap is empty.
func (h *heap) top() *heapItem {
	if len(h.slots) == 0 {
		return nil
	}
	return h.slots[0].item
}

// put adds the item, or moves it when its key has changed.
func (h *heap) put(it *heapItem) {
	if it.place == 0 {
		h.slots = append(h.slots, slot{})
		it.place = int32(len(h.slots))
	}
	h.fix(int(it.place)-1, slot{it.key, it.tie, it})
}

// remove takes the item out, if it is in.
func (h *heap) remove(it *heapItem) {
	if it.place == 0 {
		return
	}
	i, last := int(it.place)-1, len(h.slots)-1
	moved := h.slots[last]
	h.slots[last] = slot{}
	h.slots = h.slots[:last]
	it.place = 0
	if i < last {
		h.fix(i, moved)
	}
}

// fix finds the place of s, from the free one at i on.
func (h *heap) fix(i int, s slot) {
	start := i
	for i > 0 {
		up := (i - 1) / 2
		if !s.before(&h.slots[up]) {
			break
		}
		h.set(i, h.slots[up])
		i = up
	}
	if i == start {
		for {
			down := 2*i + 1
			if down >= len(h.slots) {
				break
			}
			if right := down + 1; right < len(h.slots) && h.slots[right].before(&h.slots[down]) {
				down = right
			}
			if !h.slots[down].before(&s) {
				break
			}
			h.set(i, h.slots[down])
			i = down
		}
	}
	h.set(i, s)
}

func (h *heap) set(i int, s slot) {
	h.slots[i] = s
	s.item.place = int32(i + 1)
}
