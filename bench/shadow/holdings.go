package shadow

import (
	"github.com/minifaas/minifaas/scheduler/engine"
)

// holdings are the nodes and containers of the live platform, and what is on its way.
type holdings struct {
	nodes     map[engine.NodeID]bool
	offered   engine.Bytes // by the node reserved last; 0 before the first
	reserving map[uint64]engine.Instant
	byName    map[engine.Name]*box
	byID      map[engine.ContainerID]*box
}

// box is a container.
type box struct {
	name     engine.Name
	id       engine.ContainerID
	node     engine.NodeID
	function string
	memory   engine.Bytes
	wanted   engine.Bytes // by a resize under way
	asked    engine.Instant
	inFlight int
}

func newHoldings() holdings {
	return holdings{
		nodes: map[engine.NodeID]bool{}, reserving: map[uint64]engine.Instant{},
		byName: map[engine.Name]*box{}, byID: map[engine.ContainerID]*box{},
	}
}

func (h *holdings) create(now engine.Instant, a *engine.Action) {
	h.byName[a.Name] = &box{name: a.Name, node: a.Node, function: a.Function.Name, memory: a.Memory, asked: now}
}

func (h *holdings) resize(a *engine.Action) {
	if b := h.byID[a.Container]; b != nil {
		b.name, b.wanted = a.Name, a.Memory
		h.byName[a.Name] = b
	}
}

// removing learns under which name the engine will speak of an adopted container.
func (h *holdings) removing(a *engine.Action) {
	if b := h.byID[a.Container]; b != nil && b.name == "" && a.Name != "" {
		b.name = a.Name
		h.byName[a.Name] = b
	}
}

// remove forgets a container and returns its memory; 0 if there is none.
func (h *holdings) remove(b *box) engine.Bytes {
	if b == nil {
		return 0
	}
	delete(h.byName, b.name)
	delete(h.byID, b.id)
	return b.memory
}

// lose forgets a node and returns the memory of its containers; false: there is no such node.
func (h *holdings) lose(id engine.NodeID) (memory engine.Bytes, ok bool) {
	if !h.nodes[id] {
		return 0, false
	}
	delete(h.nodes, id)
	for _, b := range h.byName {
		if b.node == id {
			memory += h.remove(b)
		}
	}
	for _, b := range h.byID { // adopted ones, without a name
		if b.node == id {
			memory += h.remove(b)
		}
	}
	return memory, true
}

// platformChanged takes the events of nodes and containers.
func (w *watch) platformChanged(now engine.Instant, ev *engine.Event) {
	h := &w.platform
	m := moment{at: now}
	switch ev.Kind {
	case engine.NodeReady:
		if asked, ok := h.reserving[ev.Reservation]; ok {
			w.reserving.add(now.Sub(asked))
			delete(h.reserving, ev.Reservation)
		}
		h.nodes[ev.Node], h.offered, m.nodes = true, ev.Capacity, 1
	case engine.NodeFailed:
		delete(h.reserving, ev.Reservation)
	case engine.NodeLost, engine.NodeReleased:
		memory, ok := h.lose(ev.Node)
		if !ok {
			return
		}
		m.nodes, m.memory = -1, -memory
	case engine.ContainerReady:
		b := h.byName[ev.Name]
		if b == nil {
			return
		}
		b.id = ev.Container
		h.byID[b.id] = b
		w.created.add(now.Sub(b.asked))
		if f := w.byName[b.function]; f != nil {
			f.creating.add(now.Sub(b.asked))
		}
	case engine.ContainerResized:
		if b := h.byName[ev.Name]; b != nil {
			m.memory, b.memory = b.wanted-b.memory, b.wanted
		}
	case engine.ContainerAdopted:
		b := &box{id: ev.Container, node: ev.Node, function: ev.Function.Name, memory: ev.Function.Memory, inFlight: ev.InFlight}
		h.byID[b.id] = b
		m.memory = b.memory
	case engine.ContainerFailed, engine.ContainerRemoved:
		m.memory = -h.remove(h.byName[ev.Name])
	case engine.ContainerLost:
		m.memory = -h.remove(h.byID[ev.Container])
	}
	if m.nodes != 0 || m.memory != 0 {
		w.queue.push(m)
	}
}
