package sim

import "time"

// appointment is something that the platform will do. What a names depends on what.
type appointment struct {
	at    time.Duration
	order uint64
	what  task
	a     uint64
}

// task is the kind of an appointment.
type task uint8

const (
	nodeReserved    task = iota + 1 // a: reservation
	nodeRefused                     // a: reservation
	nodeRefilled                    // one more can be reserved
	nodeReleased                    // a: node
	nodeDies                        // a: node
	containerLeaves                 // a: container
	callTimesOut                    // a: ticket
	callFindsNobody                 // a: ticket; its container died as it was granted
)

// agenda is a heap of appointments: the earliest first, of those the one made first.
type agenda struct {
	heap []appointment
	made uint64
}

func (g *agenda) add(at time.Duration, what task, a uint64) {
	g.made++
	g.heap = append(g.heap, appointment{at: at, order: g.made, what: what, a: a})
	i := len(g.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !g.heap[i].before(&g.heap[parent]) {
			break
		}
		g.heap[i], g.heap[parent] = g.heap[parent], g.heap[i]
		i = parent
	}
}

// next is when the first appointment is; false: there is none.
func (g *agenda) next() (time.Duration, bool) {
	if len(g.heap) == 0 {
		return 0, false
	}
	return g.heap[0].at, true
}

func (g *agenda) pop() appointment {
	first := g.heap[0]
	last := len(g.heap) - 1
	g.heap[0] = g.heap[last]
	g.heap = g.heap[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && g.heap[child+1].before(&g.heap[child]) {
			child++
		}
		if !g.heap[child].before(&g.heap[i]) {
			return first
		}
		g.heap[i], g.heap[child] = g.heap[child], g.heap[i]
		i = child
	}
}

func (a *appointment) before(b *appointment) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}
