package engine

// heap is a binary min-heap of items that know their place, ordered by key and
// then by tie. It holds the timers, and the containers of a function by age.
type heap struct {
	items []*heapItem
}

// heapItem is in at most one heap; place is 0 when it is in none.
type heapItem struct {
	key   int64
	tie   uint64
	place int
	kind  timerKind
	owner any
}

func (a *heapItem) before(b *heapItem) bool {
	return a.key < b.key || a.key == b.key && a.tie < b.tie
}

// top returns nil when the heap is empty.
func (h *heap) top() *heapItem {
	if len(h.items) == 0 {
		return nil
	}
	return h.items[0]
}

// put adds the item, or moves it when its key has changed.
func (h *heap) put(it *heapItem) {
	if it.place == 0 {
		h.items = append(h.items, it)
		it.place = len(h.items)
	}
	h.fix(it.place - 1)
}

// remove takes the item out, if it is in.
func (h *heap) remove(it *heapItem) {
	if it.place == 0 {
		return
	}
	i, last := it.place-1, len(h.items)-1
	h.items[i] = h.items[last]
	h.items[i].place = i + 1
	h.items[last] = nil
	h.items = h.items[:last]
	it.place = 0
	if i < last {
		h.fix(i)
	}
}

func (h *heap) fix(i int) {
	it := h.items[i]
	start := i
	for i > 0 {
		up := (i - 1) / 2
		if !it.before(h.items[up]) {
			break
		}
		h.set(i, h.items[up])
		i = up
	}
	if i == start {
		for {
			down := 2*i + 1
			if down >= len(h.items) {
				break
			}
			if right := down + 1; right < len(h.items) && h.items[right].before(h.items[down]) {
				down = right
			}
			if !h.items[down].before(it) {
				break
			}
			h.set(i, h.items[down])
			i = down
		}
	}
	h.set(i, it)
}

func (h *heap) set(i int, it *heapItem) {
	h.items[i] = it
	it.place = i + 1
}
