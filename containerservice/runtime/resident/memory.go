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
// so it is told what the container held at some time in the last recent.
const (
	brief  = time.Millisecond
	recent = 100 * time.Millisecond
)

// memory measures what the agent and the worker hold together.
type memory struct {
	meter  *rss.Meter
	worker *rss.Process

	mu   sync.Mutex // guards held and at
	held int64      // what the container held
	at   time.Time
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
	if r.Duration < brief && now.Sub(m.at) < recent {
		return m.held
	}
	peak := m.worker.Peak()
	others := m.meter.With(m.worker, 0)
	m.held, m.at = others+m.worker.Held(), now
	return others + peak
}
