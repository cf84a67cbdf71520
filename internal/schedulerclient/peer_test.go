package schedulerclient

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// scheduler is a peer whose sessions and calls do as the test says, and that writes
// down what it is told.
type scheduler struct {
	schedulerpb.UnimplementedSchedulerServer
	address string
	server  *grpc.Server
	// session is the handler of all sessions; nil means that there are none.
	session func(grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]) error

	mu       sync.Mutex // guards what follows
	told     []string   // "+id" of an acquire, "-id" of a return, in their order
	sessions int
}

func (s *scheduler) Session(stream grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]) error {
	if s.session == nil {
		return s.UnimplementedSchedulerServer.Session(stream)
	}
	s.mu.Lock()
	s.sessions++
	s.mu.Unlock()
	return s.session(stream)
}

func (s *scheduler) note(mark, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, mark+id)
}

func (s *scheduler) hear(req *schedulerpb.SessionRequest) {
	for _, r := range req.GetReturns() {
		s.note("-", r.GetRequestId())
	}
	for _, a := range req.GetAcquires() {
		s.note("+", a.GetRequest().GetRequestId())
	}
}

func (s *scheduler) AcquireContainer(_ context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	s.note("+", req.GetRequestId())
	return &schedulerpb.AcquireContainerReply{ContainerId: "alone"}, nil
}

func (s *scheduler) ReturnContainer(_ context.Context, req *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	s.note("-", req.GetRequestId())
	return &schedulerpb.ReturnContainerReply{}, nil
}

func (s *scheduler) serve(t testing.TB) {
	t.Helper()
	if s.address == "" {
		s.address = "127.0.0.3:0"
	}
	lis, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = lis.Addr().String()
	s.server = grpc.NewServer()
	schedulerpb.RegisterSchedulerServer(s.server, s)
	go s.server.Serve(lis)
	t.Cleanup(s.server.Stop)
}

func newClient(t testing.TB, s *scheduler) *Client {
	t.Helper()
	s.serve(t)
	conn, err := rpc.Dial(s.address)
	if err != nil {
		t.Fatal(err)
	}
	c := New(conn, zap.NewNop())
	t.Cleanup(func() { conn.Close() })
	return c
}

// grants grants everything as it comes, and says how many returns it has taken.
func (s *scheduler) grants(stream grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]) error {
	reply := &schedulerpb.SessionReply{}
	for {
		req, err := stream.Recv()
		if err != nil {
			return nil
		}
		s.hear(req)
		reply.Answers = nil
		for _, a := range req.GetAcquires() {
			reply.Answers = append(reply.Answers, granted(a))
		}
		reply.Returned += uint64(len(req.GetReturns()))
		if err := stream.Send(reply); err != nil {
			return err
		}
	}
}

func granted(a *schedulerpb.SessionAcquire) *schedulerpb.SessionAnswer {
	return &schedulerpb.SessionAnswer{Id: a.GetId(), Granted: &schedulerpb.AcquireContainerReply{ContainerId: a.GetRequest().GetRequestId()}}
}

func request(id string) *schedulerpb.AcquireContainerRequest {
	return &schedulerpb.AcquireContainerRequest{RequestId: id, FunctionName: "f", FunctionConfig: &schedulerpb.FunctionConfig{MemoryInBytes: 5}}
}

func giveBack(id string) *schedulerpb.ReturnContainerRequest {
	return &schedulerpb.ReturnContainerRequest{RequestId: id, ContainerId: id}
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
