package rpc

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// slow is a scheduler whose calls go on until finish is closed or the caller is gone.
type slow struct {
	schedulerpb.UnimplementedSchedulerServer
	begun, finish, ended chan struct{}
}

func (s slow) AcquireContainer(ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	close(s.begun)
	defer close(s.ended)
	select {
	case <-s.finish:
		return &schedulerpb.AcquireContainerReply{}, nil
	case <-ctx.Done():
		// What a call has to put in order takes its time.
		time.Sleep(20 * time.Millisecond)
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// TestStop: running calls may finish within Drain, others are cut off; when
// Serve returns, none runs any more.
func TestStop(t *testing.T) {
	for _, test := range []struct {
		name     string
		drain    time.Duration
		finishes bool
		want     codes.Code
	}{
		{"the call finishes", time.Minute, true, codes.OK},
		{"the call is cut off", 20 * time.Millisecond, false, codes.Unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := NewServer(ServerConfig{Log: zap.NewNop(), Drain: test.drain})
			service := slow{begun: make(chan struct{}), finish: make(chan struct{}), ended: make(chan struct{})}
			schedulerpb.RegisterSchedulerServer(s, service)
			lis, err := Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx, lis) }()
			conn := dial(t, lis)
			called := make(chan error, 1)
			go func() {
				_, err := schedulerpb.NewSchedulerClient(conn).AcquireContainer(t.Context(), &schedulerpb.AcquireContainerRequest{}, grpc.WaitForReady(true))
				called <- err
			}()
			<-service.begun
			stop()
			if test.finishes {
				waitNotServing(t, s)
				close(service.finish)
			}
			if err := <-served; err != nil {
				t.Errorf("serve: %v", err)
			}
			select {
			case <-service.ended:
			default:
				t.Error("Serve returned while a call still ran")
			}
			if err := <-called; status.Code(err) != test.want {
				t.Errorf("call: %v, want %v", err, test.want)
			}
		})
	}
}

// waitNotServing returns when the server says that it is going.
func waitNotServing(t *testing.T, s *Server) {
	t.Helper()
	for {
		got, err := s.health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "schedulerproto.Scheduler"})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetStatus() == healthpb.HealthCheckResponse_NOT_SERVING {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestStoppedBeforeServing: a signal may come at any time.
func TestStoppedBeforeServing(t *testing.T) {
	s := NewServer(ServerConfig{Log: zap.NewNop()})
	lis, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Serve(ctx, lis); err != nil {
		t.Error(err)
	}
}

func TestPortInUse(t *testing.T) {
	lis, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	_, err = Listen(lis.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "address already in use; choose another port with --port") {
		t.Errorf("got %v", err)
	}
}

func TestListenerThatFails(t *testing.T) {
	s := NewServer(ServerConfig{Log: zap.NewNop()})
	lis, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lis.Close()
	if err := s.Serve(t.Context(), lis); err == nil || !strings.Contains(err.Error(), "serve on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

// TestAbstractSocket: a server may listen on one beside its port.
func TestAbstractSocket(t *testing.T) {
	name := "minifaas-test-" + rand.Text()
	local, err := ListenAbstract(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ListenAbstract(name); err == nil || !strings.Contains(err.Error(), "choose another name with --socket") {
		t.Errorf("listening twice: %v", err)
	}
	lis, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(ServerConfig{Log: zap.NewNop()})
	schedulerpb.RegisterSchedulerServer(s, scheduler{answer: func() error { return nil }})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, lis, local) }()
	for _, target := range []string{lis.Addr().String(), "unix:@" + name} {
		conn, err := Dial(target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := schedulerpb.NewSchedulerClient(conn).ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{}, grpc.WaitForReady(true)); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestLargestMessages: what an event may have, a message holds; not much more.
func TestLargestMessages(t *testing.T) {
	s := NewServer(ServerConfig{Log: zap.NewNop()})
	schedulerpb.RegisterSchedulerServer(s, scheduler{answer: func() error { return nil }})
	client := schedulerpb.NewSchedulerClient(serve(t, s))
	for size, want := range map[int]codes.Code{MaxEvent: codes.OK, MaxMessage + 1: codes.ResourceExhausted} {
		_, err := client.ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{ErrorMessage: strings.Repeat("x", size)}, grpc.WaitForReady(true))
		if status.Code(err) != want {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
	}
}

func TestHostPort(t *testing.T) {
	for _, test := range []struct {
		address string
		want    string
	}{{"127.0.0.1", "127.0.0.1:10300"}, {"node.example", "node.example:10300"}, {"::1", "[::1]:10300"}} {
		if got := HostPort(test.address, 10300); got != test.want {
			t.Errorf("HostPort(%q) = %q, want %q", test.address, got, test.want)
		}
	}
}
