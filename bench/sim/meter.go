package sim

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Sample is the platform at one instant.
type Sample struct {
	At time.Duration
	// Nodes reserved, Containers from the decision to create them until they are
	// gone, Idle ones of these, Waiting and Running calls.
	Nodes, Containers, Idle, Waiting, Running int
}

// samples is how many a result has.
const samples = 200

// meter measures what the platform is used for.
type meter struct {
	length  time.Duration
	now     Sample
	samples []Sample

	steps                              int
	created, removed, killed           int
	reservations, peakNodes, nodesLost int
	nodeTime                           time.Duration
	// Memory-time of the containers, and of the calls alone, in byte-seconds.
	containerByteSeconds, busy float64
	// partial: the run was interrupted.
	partial bool
}

func newMeter(length time.Duration) meter {
	return meter{length: length, samples: make([]Sample, 0, samples)}
}

// pass takes the samples that are due up to t.
func (m *meter) pass(t time.Duration) {
	for len(m.samples) < samples {
		m.now.At = time.Duration(len(m.samples)+1) * m.length / samples
		if m.now.At > t {
			return
		}
		m.samples = append(m.samples, m.now)
	}
}

func (m *meter) nodeCame() {
	m.reservations++
	m.now.Nodes++
	m.peakNodes = max(m.peakNodes, m.now.Nodes)
}

func (m *meter) nodeWent(n *node, now time.Duration) {
	m.now.Nodes--
	m.nodeTime += max(0, min(now, m.length)-n.reserved)
}

func (m *meter) containerWent(c *container, now time.Duration) {
	m.now.Containers--
	m.held(c.memory, c.created, now)
}

// held adds the memory-time of a container, within the load.
func (m *meter) held(memory engine.Bytes, from, to time.Duration) {
	if to = min(to, m.length); to > from {
		m.containerByteSeconds += float64(float64(memory) * (to - from).Seconds())
	}
}

// close counts what is still there as if it ended with the load, or now if that is earlier.
func (m *meter) close(w *world) {
	for _, n := range w.nodes {
		if !n.gone {
			m.nodeTime += max(0, min(w.now, m.length)-n.reserved)
		}
	}
	for c := range w.boxes.all() {
		m.held(c.memory, c.created, w.now)
	}
}
