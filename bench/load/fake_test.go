package load

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/bench/echo"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

const beEcho = "MINIFAAS_TEST_ECHO"

// The test program itself is the echo process, as minifaas is in production.
func TestMain(m *testing.M) {
	if os.Getenv(beEcho) != "" {
		if err := echo.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// echoServer is the command that makes this program the echo process.
func echoServer(t *testing.T) []string {
	t.Helper()
	t.Setenv(beEcho, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self}
}

// scheduler grants a container at once, or after creation if it is none that was
// returned for further use. Its hook decides what becomes of the nth call.
type scheduler struct {
	schedulerpb.UnimplementedSchedulerServer
	creation time.Duration
	acquire  func(n int) error // may be nil
	sessions bool              // it has Session

	mu      sync.Mutex // guards what follows
	calls   int
	idle    map[string][]string // containers by function
	granted map[string]string   // the functions of those with a lease, by request and container
	wrong   []string            // returns that no grant fits
	removed int
}

// serve serves a scheduler until the test ends.
func (s *scheduler) serve(t *testing.T) (address string) {
	t.Helper()
	s.idle, s.granted = map[string][]string{}, map[string]string{}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	schedulerpb.RegisterSchedulerServer(server, s)
	go server.Serve(lis)
	t.Cleanup(func() {
		server.Stop()
		for _, wrong := range s.wrong {
			t.Error(wrong)
		}
	})
	return lis.Addr().String()
}

func (s *scheduler) AcquireContainer(ctx context.Context, r *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	s.mu.Lock()
	s.calls++
	call := s.calls
	reply := &schedulerpb.AcquireContainerReply{ContainerId: fmt.Sprint("c", call), ColdStart: true}
	if idle := s.idle[r.GetFunctionName()]; len(idle) > 0 {
		reply.ContainerId, reply.ColdStart = idle[0], false
		s.idle[r.GetFunctionName()] = idle[1:]
	}
	s.mu.Unlock()
	if s.acquire != nil {
		if err := s.acquire(call); err != nil {
			return nil, err
		}
	}
	if reply.ColdStart {
		select {
		case <-time.After(s.creation):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted[r.GetRequestId()+reply.GetContainerId()] = r.GetFunctionName()
	return reply, nil
}

func (s *scheduler) ReturnContainer(_ context.Context, r *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lease := r.GetRequestId() + r.GetContainerId()
	function := s.granted[lease]
	switch {
	case function == "" || r.GetMaxMemoryUsageInBytes() <= 0:
		s.wrong = append(s.wrong, "a wrong return: "+r.String())
	case r.GetContainerLost():
		s.removed++
	default:
		s.idle[function] = append(s.idle[function], r.GetContainerId())
	}
	delete(s.granted, lease)
	return &schedulerpb.ReturnContainerReply{}, nil
}

// Session does the calls one after the other.
func (s *scheduler) Session(stream grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]) error {
	if !s.sessions {
		return s.UnimplementedSchedulerServer.Session(stream)
	}
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil
		}
		for _, r := range request.GetReturns() {
			_, _ = s.ReturnContainer(stream.Context(), r)
		}
		reply := &schedulerpb.SessionReply{}
		for _, a := range request.GetAcquires() {
			granted, err := s.AcquireContainer(stream.Context(), a.GetRequest())
			answer := &schedulerpb.SessionAnswer{Id: a.GetId(), Granted: granted}
			if err != nil {
				answer.Error = &schedulerpb.SessionError{Code: int32(status.Code(err)), Message: err.Error()}
			}
			reply.Answers = append(reply.Answers, answer)
		}
		if err := stream.Send(reply); err != nil {
			return err
		}
	}
}
