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
	// booked for containers since then.
	booked      engine.Bytes
	bookedSince time.Duration
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

func (m *meter) containerWent() {
	m.now.Containers--
}

// books adds the memory-time of what was booked until now, within the load, and
// notes what is booked from now on.
func (m *meter) books(booked engine.Bytes, now time.Duration) {
	if now = min(now, m.length); now > m.bookedSince {
		m.containerByteSeconds += float64(float64(m.booked) * (now - m.bookedSince).Seconds())
		m.bookedSince = now
	}
	m.booked = booked
}

// close counts what is still there as if it ended with the load, or now if that is earlier.
func (m *meter) close(w *world) {
	for _, n := range w.nodes {
		if !n.gone {
			m.nodeTime += max(0, min(w.now, m.length)-n.reserved)
		}
	}
	m.books(0, w.now)
}
