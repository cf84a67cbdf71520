package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
)

func TestAgendaIsInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var g agenda
	var kept []appointment
	for i := range 2000 {
		g.add(time.Duration(rng.IntN(300)), callTimesOut, uint64(i))
		if rng.IntN(3) == 0 {
			at, _ := g.next()
			for _, a := range g.heap {
				if a.at < at {
					t.Fatalf("%v comes before %v", a.at, at)
				}
			}
			kept = append(kept, g.pop())
		}
	}
	begin := len(kept)
	for len(g.heap) > 0 {
		kept = append(kept, g.pop())
	}
	sorted := slices.IsSortedFunc(kept[begin:], func(a, b appointment) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	if !sorted || len(kept) != 2000 {
		t.Errorf("%d appointments were kept, in order of time and of making: %v", len(kept), sorted)
	}
}

func TestNodeHeapFindsTheFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var h nodeHeap
	nodes := make([]*node, 50)
	for i := range nodes {
		nodes[i] = &node{model: nodemodel.New(nodemodel.Config{})}
		nodes[i].number = uint64(i)
	}
	now := time.Duration(0)
	for range 5000 {
		n := nodes[rng.IntN(len(nodes))]
		if rng.IntN(3) > 0 {
			n.model.Create(now, 1, gib, nodemodel.Creation{Delay: time.Duration(1 + rng.IntN(1000))})
		} else {
			now += time.Duration(rng.IntN(200))
			n.model.Advance(now, nil)
		}
		h.touched(n)
		checkFirst(t, &h, nodes)
		if rng.IntN(10) == 0 {
			h.remove(n)
			n.model = nodemodel.New(nodemodel.Config{})
			n.model.Advance(now, nil)
		}
	}
}

func checkFirst(t *testing.T, h *nodeHeap, nodes []*node) {
	t.Helper()
	var first *node
	in := 0
	for _, n := range nodes {
		if n.place == 0 {
			continue
		}
		in++
		if h.heap[n.place-1] != n {
			t.Fatalf("node %d is not in its place", n.number)
		}
		if first == nil || n.next < first.next {
			first = n
		}
	}
	if in != len(h.heap) || in > 0 && h.first() != first {
		t.Fatalf("%d nodes in the heap, %d say so; the first is %+v, want %+v", len(h.heap), in, h.first(), first)
	}
}
