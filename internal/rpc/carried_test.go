package rpc

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// carrying is a scheduler whose sessions are as its field says.
type carrying struct {
	schedulerpb.UnimplementedSchedulerServer
	session func(schedulerpb.Scheduler_SessionServer) error
}

func (c carrying) Session(stream schedulerpb.Scheduler_SessionServer) error { return c.session(stream) }

// TestCarriedCallsAreCalls: what comes over a stream is counted, logged and
// recovered from under its own method.
func TestCarriedCallsAreCalls(t *testing.T) {
	const method = schedulerpb.Scheduler_AcquireContainer_FullMethodName
	core, logged := observer.New(zap.WarnLevel)
	s := NewServer(ServerConfig{Log: zap.New(core), Metrics: prometheus.NewRegistry()})
	schedulerpb.RegisterSchedulerServer(s, carrying{session: func(stream schedulerpb.Scheduler_SessionServer) error {
		c := CarriedBy(stream.Context(), method)
		_ = c.Do(func() error { return nil })
		if err := c.Do(func() error { panic("boom") }); status.Code(err) != codes.Internal {
			t.Errorf("a panic gave %v", err)
		}
		c.Begin()
		c.End(time.Now(), status.Error(codes.Unavailable, "come back later"))
		return nil
	}})
	stream, err := schedulerpb.NewSchedulerClient(serve(t, s)).Session(t.Context(), grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	labels := []string{"unary", "schedulerproto.Scheduler", "AcquireContainer"}
	if got := counted(t, s.metrics.started.WithLabelValues(labels...)); got != 3 {
		t.Errorf("%v calls started, want 3", got)
	}
	for _, code := range []codes.Code{codes.OK, codes.Internal, codes.Unavailable} {
		if got := counted(t, s.metrics.handled.WithLabelValues(append(labels, code.String())...)); got != 1 {
			t.Errorf("%v calls ended with %v, want 1", got, code)
		}
	}
	failed := logged.FilterMessage("failed call").FilterField(zap.String("grpc.method", method))
	if failed.Len() != 2 || logged.FilterMessage("panic in a call").Len() != 1 {
		t.Errorf("logged: %v", logged.All())
	}
}

// TestCarriedElsewhere: on a server that is not ours there is nobody to tell.
func TestCarriedElsewhere(t *testing.T) {
	c := CarriedBy(t.Context(), "/package.Service/Method")
	if err := c.Do(func() error { panic("boom") }); status.Code(err) != codes.Internal {
		t.Errorf("a panic gave %v", err)
	}
	if Stopping(t.Context()) != nil {
		t.Error("no server, and yet it may stop")
	}
}

// TestStreamsHearOfTheEnd: those that would go on for ever need not be cut off.
func TestStreamsHearOfTheEnd(t *testing.T) {
	s := NewServer(ServerConfig{Log: zap.NewNop(), Drain: time.Hour})
	begun := make(chan struct{})
	schedulerpb.RegisterSchedulerServer(s, carrying{session: func(stream schedulerpb.Scheduler_SessionServer) error {
		close(begun)
		<-Stopping(stream.Context())
		return status.Error(codes.Unavailable, "stopping")
	}})
	conn := serve(t, s) // which stops it in the end, and waits
	if _, err := schedulerpb.NewSchedulerClient(conn).Session(t.Context(), grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	<-begun
}
