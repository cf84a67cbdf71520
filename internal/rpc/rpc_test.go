package rpc

import (
	"context"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// scheduler answers as its field says.
type scheduler struct {
	schedulerpb.UnimplementedSchedulerServer
	answer func() error
}

func (s scheduler) ReturnContainer(context.Context, *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	return &schedulerpb.ReturnContainerReply{}, s.answer()
}

// serve runs a server until the test ends.
func serve(t testing.TB, s *Server) *grpc.ClientConn {
	t.Helper()
	lis, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, lis) }()
	conn := dial(t, lis)
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn
}

func dial(t testing.TB, lis net.Listener) *grpc.ClientConn {
	t.Helper()
	conn, err := Dial(lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestServerHasHealthRecoveryLogAndMetrics(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	registry := prometheus.NewRegistry()
	s := NewServer(ServerConfig{Log: zap.New(core), Metrics: registry})
	answer := func() error { return nil }
	schedulerpb.RegisterSchedulerServer(s, scheduler{answer: func() error { return answer() }})
	conn := serve(t, s)
	client := schedulerpb.NewSchedulerClient(conn)
	call := func() codes.Code {
		_, err := client.ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{}, grpc.WaitForReady(true))
		return status.Code(err)
	}
	if got := call(); got != codes.OK {
		t.Fatalf("call: %v", got)
	}
	answer = func() error { panic("boom") }
	if got := call(); got != codes.Internal {
		t.Errorf("panicking call: %v, want Internal", got)
	}
	health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "schedulerproto.Scheduler"})
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health.GetStatus(), err)
	}
	if n := logged.FilterMessage("finished call").Len(); n < 2 {
		t.Errorf("%d calls logged, want at least 2", n)
	}
	if n := logged.FilterMessage("panic in a call").Len(); n != 1 {
		t.Errorf("%d panics logged, want 1", n)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, want := range []string{"grpc_server_handled_total", "grpc_server_handling_seconds"} {
		if !names[want] {
			t.Errorf("no metric %s", want)
		}
	}
}

// BenchmarkUnary compares what every service has with a bare server.
func BenchmarkUnary(b *testing.B) {
	run := func(b *testing.B, conn *grpc.ClientConn) {
		client := schedulerpb.NewSchedulerClient(conn)
		for b.Loop() {
			if _, err := client.ReturnContainer(b.Context(), &schedulerpb.ReturnContainerRequest{RequestId: "r"}, grpc.WaitForReady(true)); err != nil {
				b.Fatal(err)
			}
		}
	}
	ok := scheduler{answer: func() error { return nil }}
	b.Run("bare", func(b *testing.B) {
		s := grpc.NewServer()
		schedulerpb.RegisterSchedulerServer(s, ok)
		lis, err := Listen("127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		go s.Serve(lis)
		defer s.Stop()
		run(b, dial(b, lis))
	})
	b.Run("ours", func(b *testing.B) {
		s := NewServer(ServerConfig{Log: zap.NewNop(), Metrics: prometheus.NewRegistry()})
		schedulerpb.RegisterSchedulerServer(s, ok)
		run(b, serve(b, s))
	})
}
