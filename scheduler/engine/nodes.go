package engine

import (
	"cmp"
	"iter"
	"slices"
)

// Nodes is an index of the nodes in service by order and by free memory. Its
// searches take steps logarithmic to the number of nodes. A node on which the
// function's last creation failed is not found as long as another will do.
type Nodes struct {
	// places holds the nodes in order of Serial, and nil where one has left.
	places []*node
	live   int
	free   maxTree
	// gain is what would be free were every idle container of the node gone.
	gain maxTree
	// byFree is sorted by free memory, then Serial.
	byFree []freeNode

	avoid *node
	// visited counts the nodes that were looked at one by one.
	visited *int
}

type freeNode struct {
	free Bytes
	node *node
}

func (a freeNode) compare(b freeNode) int {
	return cmp.Or(cmp.Compare(a.free, b.free), cmp.Compare(a.node.Serial, b.node.Serial))
}

// FirstFit returns the first node in order of reservation with so much free
// memory, or nil.
func (x *Nodes) FirstFit(need Bytes) *NodeView {
	i := x.free.next(0, int64(need))
	if i >= 0 && x.places[i] == x.avoid {
		i = x.free.next(i+1, int64(need))
	}
	if i < 0 {
		return nil
	}
	return &x.places[i].NodeView
}

// BestFit returns the node with the least free memory that is enough, or nil.
// Of equals it is the one reserved first.
func (x *Nodes) BestFit(need Bytes) *NodeView {
	i := x.firstFitting(need)
	if i < len(x.byFree) && x.byFree[i].node == x.avoid {
		i++
	}
	if i == len(x.byFree) {
		return nil
	}
	return &x.byFree[i].node.NodeView
}

func (x *Nodes) firstFitting(need Bytes) int {
	i, _ := slices.BinarySearchFunc(x.byFree, need, func(n freeNode, need Bytes) int {
		if n.free < need {
			return -1
		}
		return 1
	})
	return i
}

// Fitting yields the nodes with so much free memory, that with the least first.
func (x *Nodes) Fitting(need Bytes) iter.Seq[*NodeView] {
	return func(yield func(*NodeView) bool) {
		for _, n := range x.byFree[x.firstFitting(need):] {
			*x.visited++
			if n.node != x.avoid && !yield(&n.node.NodeView) {
				return
			}
		}
	}
}

// after is where a search goes on that has seen the node, if it is still there.
func (x *Nodes) after(n *node) int {
	if n == nil || n.state != nodeServing {
		return 0
	}
	return int(n.place) + 1
}

// most is the most free memory of a node.
func (x *Nodes) most() Bytes {
	if len(x.byFree) == 0 {
		return 0
	}
	return x.byFree[len(x.byFree)-1].free
}

// Len is the number of nodes in service.
func (x *Nodes) Len() int { return x.live }

// All yields every node in order of reservation. It visits each.
func (x *Nodes) All() iter.Seq[*NodeView] {
	return func(yield func(*NodeView) bool) {
		for _, n := range x.places {
			if n == nil {
				continue
			}
			*x.visited++
			if n != x.avoid && !yield(&n.NodeView) {
				return
			}
		}
	}
}

// add takes in a node whose Serial is above all others'.
func (x *Nodes) add(n *node) {
	if len(x.places) == x.free.base {
		x.rebuild()
	}
	n.place = int32(len(x.places))
	x.places = append(x.places, n)
	x.live++
	x.listed(n)
}

// rebuild closes the gaps that nodes have left, and makes room. It visits every
// node, but only once in as many additions.
func (x *Nodes) rebuild() {
	kept := x.places[:0]
	for _, n := range x.places {
		if n != nil {
			n.place = int32(len(kept))
			kept = append(kept, n)
		}
	}
	clear(x.places[len(kept):])
	x.places = kept
	size := 8
	for size < 2*len(kept) {
		size *= 2
	}
	x.free.resize(size)
	x.gain.resize(size)
	for _, n := range kept {
		x.free.set(int(n.place), int64(n.Free()))
		x.gain.set(int(n.place), int64(n.gain()))
	}
}

func (x *Nodes) listed(n *node) {
	x.free.set(int(n.place), int64(n.Free()))
	x.regained(n)
	entry := freeNode{n.Free(), n}
	i, _ := slices.BinarySearchFunc(x.byFree, entry, freeNode.compare)
	x.byFree = slices.Insert(x.byFree, i, entry)
}

func (x *Nodes) remove(n *node) {
	x.unlist(n, n.Free())
	x.free.set(int(n.place), absent)
	x.gain.set(int(n.place), absent)
	x.places[n.place] = nil
	for len(x.places) > 0 && x.places[len(x.places)-1] == nil {
		x.places = x.places[:len(x.places)-1]
	}
	x.live--
}

func (x *Nodes) unlist(n *node, free Bytes) {
	i, ok := slices.BinarySearchFunc(x.byFree, freeNode{free, n}, freeNode.compare)
	if !ok {
		panic("engine: node " + string(n.ID) + " is not in the index")
	}
	x.byFree = slices.Delete(x.byFree, i, i+1)
}

// rebooked follows a change of the node's free memory from what it was.
func (x *Nodes) rebooked(n *node, was Bytes) {
	x.unlist(n, was)
	x.listed(n)
}

// regained follows a change of what idle and leaving containers hold.
func (x *Nodes) regained(n *node) { x.gain.set(int(n.place), int64(n.gain())) }
