package nodeservice

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// metrics are the node's own; those of its gRPC server come beside them.
type metrics struct {
	phases *prometheus.HistogramVec
	thaw   prometheus.Histogram
}

// newMetrics registers them, and what the runtime has of its own; a nil registry leaves them to themselves.
func newMetrics(registry prometheus.Registerer, runtime sandbox.Runtime) *metrics {
	m := &metrics{phases: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "faas_container_start_duration_seconds",
		Help: "Time that containers took to be made and to answer their first call, by phase: wait (for a turn), take (a sandbox from the reserve, or make one), " +
			"mount (the code), limit (memory and CPU), import (the function), first_call.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 17), // to 6.6 s
	}, []string{"phase"}), thaw: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "faas_container_thaw_duration_seconds",
		Help:    "Time that it took to wake a frozen container for an invocation.",
		Buckets: prometheus.ExponentialBuckets(0.00001, 2, 12), // to 20 ms
	})}
	if registry != nil {
		registry.MustRegister(m.phases, m.thaw)
		if more, ok := runtime.(prometheus.Collector); ok {
			registry.MustRegister(more)
		}
	}
	return m
}

// countFrozen registers how many of the containers are frozen; a nil registry counts nothing.
func (s *Server) countFrozen(registry prometheus.Registerer) {
	if registry == nil {
		return
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "faas_containers_frozen", Help: "Containers that are idle and frozen.",
	}, func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		count := 0
		for _, e := range s.inv.containers {
			if e.shown() == frozen {
				count++
			}
		}
		return float64(count)
	}))
}

// created records what a creation took. A runtime that does not tell leaves it nil.
func (m *metrics) created(c sandbox.Container) *nodeservicepb.CreationPhases {
	phased, ok := c.(sandbox.Phased)
	if !ok {
		return nil
	}
	p := phased.Phases()
	for phase, took := range p.All() {
		m.phases.WithLabelValues(phase).Observe(took.Seconds())
	}
	return &nodeservicepb.CreationPhases{
		WaitNanos: int64(p.Wait), TakeNanos: int64(p.Take), MountNanos: int64(p.Mount), LimitNanos: int64(p.Limit),
		ImportNanos: int64(p.Import), Pooled: p.Pooled, Sandbox: p.Sandbox, NoSnapshot: p.NoSnapshot,
	}
}

// firstCall records how long a container's first call took.
func (m *metrics) firstCall(took time.Duration) {
	m.phases.WithLabelValues("first_call").Observe(took.Seconds())
}
