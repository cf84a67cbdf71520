package egress

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
)

var _ prometheus.Collector = (*Gateway)(nil)

// metrics are those of all links together.
type metrics struct {
	connections, refusals *prometheus.CounterVec
	sent, received        prometheus.Counter
	collectors            []prometheus.Collector
}

func newMetrics(q *quota) *metrics {
	bytes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faas_egress_bytes_total",
		Help: "Bytes that functions sent to other machines and received from them, without headers.",
	}, []string{"direction"})
	m := &metrics{
		connections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faas_egress_connections_total", Help: "Connections, and flows of datagrams, of functions to other machines.",
		}, []string{"protocol"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faas_egress_refused_total",
			Help: "Connections, and flows of datagrams, of functions that were not made: not allowed, too many, or the other machine did not accept.",
		}, []string{"protocol"}),
		sent: bytes.WithLabelValues("sent"), received: bytes.WithLabelValues("received"),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "faas_egress_connections", Help: "Connections, and flows of datagrams, of functions to other machines that are open.",
	}, func() float64 { return float64(q.total()) })
	for _, protocol := range []string{"tcp", "udp"} { // so that they are there before they count
		m.connections.WithLabelValues(protocol)
		m.refusals.WithLabelValues(protocol)
	}
	m.collectors = []prometheus.Collector{m.connections, m.refusals, bytes, open}
	return m
}

// Describe is for the registry of metrics.
func (g *Gateway) Describe(descriptions chan<- *prometheus.Desc) {
	for _, c := range g.metrics.collectors {
		c.Describe(descriptions)
	}
}

// Collect is for the registry of metrics.
func (g *Gateway) Collect(values chan<- prometheus.Metric) {
	for _, c := range g.metrics.collectors {
		c.Collect(values)
	}
}

// counted counts what it passes on.
type counted struct {
	io.Writer
	bytes prometheus.Counter
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.bytes.Add(float64(n))
	return n, err
}
