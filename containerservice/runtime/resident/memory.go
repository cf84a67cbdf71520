package resident

import (
	"sync"
	"time"

	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// Asking the kernel for a peak costs as much as a tenth of a short invocation.
// One shorter than brief can't take much that it does not leave behind,
// so it is told what the container held at some time in the last recent. A longer one
// is told the peak that another has just asked for, as what they overlap with is the same.
const (
	brief  = time.Millisecond
	recent = 100 * time.Millisecond
)

// memory measures what the agent and the worker hold together.
type memory struct {
	meter  *rss.Meter
	worker *rss.Process

	mu         sync.Mutex // guards the fields below
	held, most int64      // what the container held, and its peak
	at         time.Time  // then
}

// peak is the container's memory since the first of the invocations that
// overlap with r; of a dead worker only the peak of its life is known.
func (m *memory) peak(r runtime.Result, worker *process.Process) int64 {
	if r.Lost {
		<-worker.Done()
		return m.meter.With(m.worker, worker.Exit().MaxRSS)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	age := now.Sub(m.at)
	if r.Duration < brief && age < recent {
		return m.held
	}
	if age < min(brief, r.Duration) {
		return m.most
	}
	others := m.meter.With(m.worker, 0)
	m.held, m.most, m.at = others+m.worker.Held(), others+m.worker.Peak(), now
	return m.most
}
