package apiserver

import (
	"context"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// carried runs the calls of one session.
type carried struct {
	running sync.WaitGroup

	mu      sync.Mutex // guards what follows, and sending
	cancels map[uint64]context.CancelFunc
}

// begin runs a call, which may send with mu held, beside all others.
func (c *carried) begin(ctx context.Context, id uint64, call func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancels == nil {
		c.cancels = map[uint64]context.CancelFunc{}
	}
	c.cancels[id] = cancel
	c.running.Go(func() {
		defer cancel()
		call(ctx)
	})
}

func (c *carried) cancel(ids []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if cancel := c.cancels[id]; cancel != nil {
			cancel()
		}
	}
}

// Session does what the calls do, unless the scheduler knows the contest's calls alone.
func (s *fakeScheduler) Session(stream grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]) error {
	if s.contest {
		return s.UnimplementedSchedulerServer.Session(stream)
	}
	var c carried
	defer c.running.Wait()
	var returned uint64
	for {
		req, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range req.GetReturns() {
			_, _ = s.ReturnContainer(stream.Context(), r)
			c.mu.Lock()
			returned++
			c.mu.Unlock()
		}
		for _, a := range req.GetAcquires() {
			c.begin(stream.Context(), a.GetId(), func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, time.Duration(a.GetTimeoutInNanos()))
				defer cancel()
				granted, err := s.AcquireContainer(ctx, a.GetRequest())
				answer := &schedulerpb.SessionAnswer{Id: a.GetId(), Granted: granted}
				if e := status.Convert(err); e.Code() != codes.OK {
					answer.Error = &schedulerpb.SessionError{Code: int32(e.Code()), Message: e.Message(), Details: e.Proto().GetDetails()}
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				_ = stream.Send(&schedulerpb.SessionReply{Answers: []*schedulerpb.SessionAnswer{answer}, Returned: returned})
			})
		}
		c.cancel(req.GetCancels())
	}
}

// Session does what InvokeFunction does, unless the node knows the contest's calls alone.
func (n *fakeNode) Session(stream grpc.BidiStreamingServer[nodeservicepb.SessionRequest, nodeservicepb.SessionReply]) error {
	if n.contest || n.calls {
		return n.UnimplementedNodeServiceServer.Session(stream)
	}
	var c carried
	defer c.running.Wait()
	for {
		req, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, inv := range req.GetInvocations() {
			c.begin(stream.Context(), inv.GetId(), func(ctx context.Context) {
				parts := &interleaved{ctx: ctx, id: inv.GetId(), stream: stream, mu: &c.mu}
				if e := status.Convert(n.InvokeFunction(inv.GetRequest(), parts)); e.Code() != codes.OK {
					parts.answer(&nodeservicepb.SessionAnswer{Error: &nodeservicepb.SessionError{Code: int32(e.Code()), Message: e.Message()}})
				}
			})
		}
		c.cancel(req.GetCancels())
	}
}

// interleaved is a stream of parts within a session.
type interleaved struct {
	grpc.ServerStream
	ctx    context.Context
	id     uint64
	stream grpc.BidiStreamingServer[nodeservicepb.SessionRequest, nodeservicepb.SessionReply]
	mu     *sync.Mutex // guards sending
}

func (i *interleaved) Context() context.Context { return i.ctx }

func (i *interleaved) Send(part *nodeservicepb.InvokeFunctionReply) error {
	return i.answer(&nodeservicepb.SessionAnswer{Part: part})
}

func (i *interleaved) answer(a *nodeservicepb.SessionAnswer) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	a.Id = i.id
	return i.stream.Send(&nodeservicepb.SessionReply{Answers: []*nodeservicepb.SessionAnswer{a}})
}

// endingNode ends its sessions well without having begun anything, as one does that stops.
type endingNode struct{ fakeNode }

func (n *endingNode) register(g *grpc.Server) { nodeservicepb.RegisterNodeServiceServer(g, n) }

func (n *endingNode) Session(stream grpc.BidiStreamingServer[nodeservicepb.SessionRequest, nodeservicepb.SessionReply]) error {
	_, err := stream.Recv()
	return err
}
