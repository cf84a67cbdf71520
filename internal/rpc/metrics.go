package rpc

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// metrics counts and times calls, under the names that go-grpc-prometheus made
// common. That library and its successor look up five series by their labels for
// each call, which is a tenth of what a small one costs; here those of each
// method are looked up once.
type metrics struct {
	started *prometheus.CounterVec
	handled *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	// methods are by full name. All are known before the first call.
	methods map[string]*methodMetrics
}

type methodMetrics struct {
	started prometheus.Counter
	handled [codes.Unauthenticated + 1]prometheus.Counter
	seconds prometheus.Observer
}

func newMetrics(registry prometheus.Registerer) *metrics {
	labels := []string{"grpc_type", "grpc_service", "grpc_method"}
	m := &metrics{
		started: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grpc_server_started_total", Help: "Calls that have come in.",
		}, labels),
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grpc_server_handled_total", Help: "Calls that have been answered, by status code.",
		}, append(labels, "grpc_code")),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_server_handling_seconds", Help: "Time until calls were answered.", Buckets: prometheus.DefBuckets,
		}, labels),
		methods: map[string]*methodMetrics{},
	}
	registry.MustRegister(m.started, m.handled, m.seconds)
	return m
}

// know prepares the series of every method of the server's services.
func (m *metrics) know(services map[string]grpc.ServiceInfo) {
	for service, info := range services {
		for _, method := range info.Methods {
			labels := []string{callType(method), service, method.Name}
			known := &methodMetrics{started: m.started.WithLabelValues(labels...), seconds: m.seconds.WithLabelValues(labels...)}
			for code := range known.handled {
				known.handled[code] = m.handled.WithLabelValues(append(labels, codes.Code(code).String())...)
			}
			m.methods["/"+service+"/"+method.Name] = known
		}
	}
}

func callType(method grpc.MethodInfo) string {
	switch {
	case method.IsClientStream && method.IsServerStream:
		return "bidi_stream"
	case method.IsClientStream:
		return "client_stream"
	case method.IsServerStream:
		return "server_stream"
	}
	return "unary"
}

func (m *metrics) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	method := m.methods[info.FullMethod]
	method.started.Inc()
	begin := time.Now()
	reply, err := handler(ctx, req)
	method.ended(begin, err)
	return reply, err
}

func (m *metrics) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	method := m.methods[info.FullMethod]
	method.started.Inc()
	begin := time.Now()
	err := handler(srv, ss)
	method.ended(begin, err)
	return err
}

func (m *methodMetrics) ended(begin time.Time, err error) {
	m.seconds.Observe(time.Since(begin).Seconds())
	code := status.Code(err)
	if code == codes.Unknown {
		code = status.FromContextError(err).Code() // as the server does
	}
	if int(code) >= len(m.handled) {
		code = codes.Unknown // a handler's own number: none that gRPC knows
	}
	m.handled[code].Inc()
}
