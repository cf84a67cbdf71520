package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/internal/portable"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Streams of chance that one seed gives.
const (
	streamReserve uint64 = iota + 1
	streamLoss
	streamSlow
	streamFailed
	streamStartup
)

// pool is where nodes are reserved.
type pool struct {
	// existing nodes, those on their way included; available ones can be reserved now.
	existing, available          int
	reserve, loss, slow, failing *rand.Rand
}

func newPool(cfg Config) pool {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(cfg.Seed, n)) }
	at := min(cfg.Platform.Available, cfg.Platform.Nodes)
	return pool{
		existing: at, available: at,
		reserve: stream(streamReserve), loss: stream(streamLoss), slow: stream(streamSlow), failing: stream(streamFailed),
	}
}

// reserve takes an available node, or refuses at once.
func (w *world) reserve(reservation uint64) {
	p := &w.pool
	if p.available == 0 {
		w.agenda.add(w.now, nodeRefused, reservation)
		return
	}
	p.available--
	if p.existing < w.cfg.Platform.Nodes {
		p.existing++
		w.agenda.add(w.now+w.cfg.Platform.Refill, nodeRefilled, 0)
	}
	takes := time.Duration(p.reserve.Int64N(int64(w.cfg.Platform.Reserve) + 1))
	w.agenda.add(w.now+takes, nodeReserved, reservation)
}

// node is a node from its reservation to its release or loss.
type node struct {
	id    engine.NodeID
	model *nodemodel.Model
	// slowness is by how much all work takes longer.
	slowness float64
	reserved time.Duration
	boxes    []*container // in no order that matters; place is where each is
	gone     bool
	heapItem
}

// slowed is how long so much takes on this node.
func (n *node) slowed(d time.Duration) time.Duration {
	if n.slowness == 1 {
		return d
	}
	return time.Duration(float64(d) * n.slowness)
}

func (w *world) reserved(reservation uint64) {
	f := w.cfg.Platform.Faults
	n := &node{model: nodemodel.New(w.cfg.Platform.Node), slowness: 1, reserved: w.now}
	n.id = engine.NodeID("n" + strconv.Itoa(len(w.nodes)))
	if f.Slow > 0 && w.pool.slow.Float64() < f.Slow {
		n.slowness = f.Slowness
	}
	if f.NodeLoss > 0 {
		life := -float64(f.NodeLoss) * portable.Log(1-w.pool.loss.Float64())
		w.agenda.add(w.now+time.Duration(life), nodeDies, uint64(len(w.nodes)))
	}
	n.number = uint64(len(w.nodes))
	w.nodes = append(w.nodes, n)
	w.meter.nodeCame()
	w.tell(engine.Event{
		Kind: engine.NodeReady, Reservation: reservation, Node: n.id, Capacity: engine.Bytes(w.cfg.Platform.offered()),
	})
}

func (w *world) released(n *node) {
	if n.gone {
		return // the engine was told that it is lost
	}
	if len(n.boxes) > 0 {
		w.err = fmt.Errorf("node %s is released with %d containers on it", n.id, len(n.boxes))
		return
	}
	w.forget(n)
	w.tell(engine.Event{Kind: engine.NodeReleased, Node: n.id})
}

// lost ends the node with all that runs on it.
func (w *world) lost(n *node) {
	if n.gone {
		return
	}
	for len(n.boxes) > 0 {
		c := n.boxes[len(n.boxes)-1]
		for len(c.calls) > 0 {
			w.finish(c.calls[len(c.calls)-1], nodeLost)
		}
		w.gone(c)
	}
	w.forget(n)
	w.meter.nodesLost++
	w.tell(engine.Event{Kind: engine.NodeLost, Node: n.id})
}

// forget ends the node's time. Another one takes its place in the pool after a while.
func (w *world) forget(n *node) {
	n.gone, n.boxes = true, nil
	w.active.remove(n)
	n.model = nil
	w.meter.nodeWent(n, w.now)
	w.agenda.add(w.now+w.cfg.Platform.Refill, nodeRefilled, 0)
}
