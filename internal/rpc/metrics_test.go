package rpc

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMetricsCountCallsByCode(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	m.know(map[string]grpc.ServiceInfo{"s": {Methods: []grpc.MethodInfo{
		{Name: "Call"}, {Name: "Watch", IsServerStream: true}, {Name: "Talk", IsServerStream: true, IsClientStream: true}, {Name: "Push", IsClientStream: true},
	}}})
	for _, err := range []error{
		nil, nil, status.Error(codes.NotFound, "no"), errors.New("boom"), context.Canceled, status.Error(codes.Code(99), "odd"),
	} {
		_, got := m.unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/s/Call"}, func(context.Context, any) (any, error) { return nil, err })
		if !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	for _, method := range []string{"/s/Watch", "/s/Talk", "/s/Push"} {
		if err := m.stream(nil, nil, &grpc.StreamServerInfo{FullMethod: method}, func(any, grpc.ServerStream) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []struct {
		labels []string
		calls  float64
	}{
		{[]string{"unary", "s", "Call", "OK"}, 2},
		{[]string{"unary", "s", "Call", "NotFound"}, 1},
		{[]string{"unary", "s", "Call", "Unknown"}, 2},
		{[]string{"unary", "s", "Call", "Canceled"}, 1},
		{[]string{"server_stream", "s", "Watch", "OK"}, 1},
		{[]string{"bidi_stream", "s", "Talk", "OK"}, 1},
		{[]string{"client_stream", "s", "Push", "OK"}, 1},
	} {
		if got := counted(t, m.handled.WithLabelValues(want.labels...)); got != want.calls {
			t.Errorf("%v: %v calls, want %v", want.labels, got, want.calls)
		}
	}
	if got := counted(t, m.started.WithLabelValues("unary", "s", "Call")); got != 6 {
		t.Errorf("%v calls started, want 6", got)
	}
}

func counted(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// A small call must not pay for being counted.
func TestCountingAllocatesNothing(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	m.know(map[string]grpc.ServiceInfo{"s": {Methods: []grpc.MethodInfo{{Name: "Call"}}}})
	info := &grpc.UnaryServerInfo{FullMethod: "/s/Call"}
	handler := func(context.Context, any) (any, error) { return nil, nil }
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _ = m.unary(ctx, nil, info, handler) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
