package scheduler

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// metrics are the scheduler's own; those of its gRPC server come beside them.
type metrics struct {
	warm, cold, refused prometheus.Observer
	creations           *creations
}

// newMetrics remembers as many creations as it is told.
func newMetrics(registry prometheus.Registerer, status func() (engine.Status, bool), remember int) *metrics {
	creations := newCreations(remember)
	acquire := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "faas_scheduler_acquire_duration_seconds",
		Help:    "Time from AcquireContainer to its answer, by kind of start and outcome.",
		Buckets: prometheus.ExponentialBuckets(0.00005, 4, 11),
	}, []string{"start", "outcome"})
	if registry != nil {
		registry.MustRegister(acquire, creations.phases, &collector{status: status})
	}
	return &metrics{
		warm:      acquire.WithLabelValues("warm", "granted"),
		cold:      acquire.WithLabelValues("cold", "granted"),
		refused:   acquire.WithLabelValues("none", "refused"),
		creations: creations,
	}
}

// acquired records one answer.
func (m *metrics) acquired(a *engine.Action, took time.Duration) {
	kind := m.warm
	switch {
	case a.Kind == engine.Refuse:
		kind = m.refused
	case a.Cold:
		kind = m.cold
		m.creations.granted(a.Container, time.Now().Add(-took))
	}
	kind.Observe(took.Seconds())
}

// collector reads the engine's state when it is scraped.
type collector struct {
	status func() (engine.Status, bool)
}

var (
	queueDepth     = prometheus.NewDesc("faas_scheduler_queue_depth", "Requests that wait for a container.", nil, nil)
	leasesActive   = prometheus.NewDesc("faas_leases_active", "Containers granted and not yet returned.", nil, nil)
	leaseExpired   = prometheus.NewDesc("faas_lease_expired_total", "Leases that ran out before their return.", nil, nil)
	containers     = prometheus.NewDesc("faas_containers", "Containers by state.", []string{"state"}, nil)
	starts         = prometheus.NewDesc("faas_container_starts_total", "Containers created.", nil, nil)
	failures       = prometheus.NewDesc("faas_container_start_failures_total", "Containers that could not be created.", nil, nil)
	nodesDesc      = prometheus.NewDesc("faas_nodes", "Nodes by state.", []string{"state"}, nil)
	memoryReserved = prometheus.NewDesc("faas_node_memory_reserved_bytes", "Memory promised to containers on all nodes.", nil, nil)
	memoryCapacity = prometheus.NewDesc("faas_node_memory_capacity_bytes", "Memory offered to containers by all nodes.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	status, ok := c.status()
	if !ok {
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	count := func(desc *prometheus.Desc, value int64) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value))
	}
	waiting := 0
	for _, f := range status.Functions {
		waiting += f.QueueDepth
	}
	gauge(queueDepth, float64(waiting))
	var reserved, capacity engine.Bytes
	nodes, states := map[string]int{}, map[string]int{}
	for _, n := range status.Nodes {
		nodes[n.State]++
		reserved += n.Reserved
		capacity += n.Capacity
		for _, container := range n.Containers {
			states[container.State]++
		}
	}
	for state, n := range nodes {
		gauge(nodesDesc, float64(n), state)
	}
	for state, n := range states {
		gauge(containers, float64(n), state)
	}
	gauge(memoryReserved, float64(reserved))
	gauge(memoryCapacity, float64(capacity))
	gauge(leasesActive, float64(status.Counters.LeasesActive))
	count(leaseExpired, status.Counters.LeasesExpired)
	count(starts, status.Counters.ContainersCreated)
	count(failures, status.Counters.ContainersFailed)
}
