package egress

import (
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress/egresstest"
)

// TestMetrics counts one connection, one flow, two refusals, and what went each way.
func TestMetrics(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.gateway)
	if got := values(t, registry); got["faas_egress_connections_total tcp"] != 0 || len(got) != 7 {
		t.Errorf("before anything is sent: %v", got)
	}
	egresstest.EchoDatagrams(t, w.other, net.JoinHostPort(egresstest.Other, "7"))
	for protocol, port := range map[string]string{"tcp": egresstest.Echo(t, w.other, egresstest.Other), "udp": "7"} {
		conn, err := w.sandbox.Dial(protocol, net.JoinHostPort(egresstest.Other, port))
		egresstest.Must(t, err)
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = io.WriteString(conn, "question")
		egresstest.Must(t, err)
		_, err = io.ReadFull(conn, make([]byte, len("question")))
		egresstest.Must(t, err)
	}
	for range 2 { // the log has the second one no more
		if _, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Host, "9")); err == nil {
			t.Error("the host can be reached")
		}
	}
	want := map[string]float64{
		"faas_egress_connections_total tcp": 1, "faas_egress_connections_total udp": 1, "faas_egress_connections ": 2,
		"faas_egress_refused_total tcp": 2, "faas_egress_refused_total udp": 0,
		"faas_egress_bytes_total sent": 16, "faas_egress_bytes_total received": 16,
	}
	deadline := time.Now().Add(10 * time.Second) // bytes are counted when they have arrived
	for got := values(t, registry); !maps.Equal(got, want); got = values(t, registry) {
		if time.Now().After(deadline) {
			t.Fatalf("%v, want %v", got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

// values by name and label.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	egresstest.Must(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := []string{family.GetName(), ""}
			for _, label := range m.GetLabel() {
				name[1] = label.GetValue()
			}
			values[strings.Join(name, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}
