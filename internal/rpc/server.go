// Package rpc is how the services serve and call each other: one gRPC server
// with health, reflection, logging, recovery and metrics, and one way to dial.
package rpc

import (
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// MaxMessage is the largest message that any service takes, in bytes. It leaves
// room around the largest event, MaxEvent.
const MaxMessage = 8 << 20

// MaxEvent is the largest event and the largest result of a function, in bytes.
const MaxEvent = 6 << 20

// window is the flow-control window of a stream and of a connection, in bytes:
// the largest message fits. A fixed one spares the pings that measure what a
// connection bears: a frame each way for most small calls.
const window = MaxMessage

// A Server is a gRPC server with what every service has.
type Server struct {
	*grpc.Server
	health   *health.Server
	metrics  *metrics    // nil: there are none
	log      *zap.Logger // of calls
	drain    time.Duration
	stopping chan struct{} // closed when Serve begins to stop
}

// ServerConfig says how a server behaves beside its services.
type ServerConfig struct {
	// Log takes one line for each failed call, and at level debug for every call.
	Log *zap.Logger
	// Metrics is where the server's metrics are registered; nil means that there are none.
	Metrics prometheus.Registerer
	// Workers is how many goroutines wait for calls. Their stacks have grown already:
	// to grow that of a new one is a fifth of what a small call costs. What they
	// are too few for gets a new goroutine. 0 means none.
	Workers uint32
	// Unpinged: idle clients are not asked whether they live; TCP finds out, later.
	// The pings would be all that hundreds of idle servers in one process do.
	Unpinged bool
	// Drain bounds how long running calls may go on when the server stops; 0 means 10 s.
	Drain time.Duration
}

// NewServer makes a server without services: register them, then Serve.
func NewServer(cfg ServerConfig) *Server {
	if cfg.Drain == 0 {
		cfg.Drain = 10 * time.Second
	}
	calls := cfg.Log.WithOptions(zap.WithCaller(false))
	unaryLog, streamLog := logInterceptors(calls)
	recovered := recovery.WithRecoveryHandlerContext(func(_ context.Context, p any) error { return panicked(cfg.Log, p) })
	unary := []grpc.UnaryServerInterceptor{unaryLog, recovery.UnaryServerInterceptor(recovered)}
	stream := []grpc.StreamServerInterceptor{streamLog, recovery.StreamServerInterceptor(recovered)}
	var metrics *metrics
	if cfg.Metrics != nil {
		metrics = newMetrics(cfg.Metrics)
		unary = slices.Insert(unary, 0, metrics.unary)
		stream = slices.Insert(stream, 0, metrics.stream)
	}
	ping := keepaliveTime
	if cfg.Unpinged {
		ping = math.MaxInt64
	}
	s := &Server{health: health.NewServer(), metrics: metrics, log: calls, drain: cfg.Drain, stopping: make(chan struct{})}
	stream = append(stream, s.carry)
	s.Server = grpc.NewServer(
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
		grpc.NumStreamWorkers(cfg.Workers),
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
		// Clients may ping as often as ours do, also while idle.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: ping, Timeout: keepaliveTimeout}),
	)
	healthpb.RegisterHealthServer(s, s.health)
	reflection.Register(s)
	return s
}

// Listen listens on a TCP address. A port in use is an error that says so.
func Listen(address string) (net.Listener, error) {
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another port with --port or --port-base", address, err)
	}
	return lis, nil
}

// ListenAbstract listens on a unix socket whose name is in no file system: processes on
// this machine reach it as unix:@name, and nothing is left of it when this one dies.
func ListenAbstract(name string) (net.Listener, error) {
	lis, err := net.Listen("unix", "@"+name)
	if err != nil {
		return nil, fmt.Errorf("listen on unix:@%s: %w; choose another name with --socket", name, err)
	}
	return lis, nil
}

// Serve answers calls until ctx ends, then reports NOT_SERVING, lets running
// calls finish within Drain, and cuts off those that don't.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	if s.metrics != nil {
		s.metrics.know(s.GetServiceInfo())
	}
	for name := range s.GetServiceInfo() {
		s.health.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.health.Shutdown()
		close(s.stopping)
		cut := time.AfterFunc(s.drain, s.Stop)
		defer cut.Stop()
		s.GracefulStop()
	})
	ended := make(chan error, len(listeners))
	for _, lis := range listeners {
		go func() {
			if err := s.Server.Serve(listener{lis}); err != nil {
				ended <- fmt.Errorf("serve on %s: %w", lis.Addr(), err)
				return
			}
			ended <- nil
		}()
	}
	err := <-ended
	if !stop() {
		<-stopped
		return nil
	}
	return err
}
