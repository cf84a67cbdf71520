package nodeservice

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	sessions "github.com/minifaas/minifaas/internal/session"
	"github.com/minifaas/minifaas/internal/workers"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

const (
	// mostAnswers and mostBytes bound a message: a body is cut into parts of so many
	// bytes, and no part is sent along with as many of others.
	mostAnswers = 64
	mostBytes   = 64 << 10
	// mostIdle goroutines wait for invocations.
	mostIdle = 64
)

// session is one call of Session. One goroutine begins invocations, each of which has
// one of its own, and sends: a client that does not read its answers begins no more.
type session struct {
	server      *Server
	stream      nodeservicepb.NodeService_SessionServer
	ctx         context.Context
	invocations *rpc.Carried
	answers     *sessions.Queue[sessionAnswer]
	workers     *workers.Workers
	running     sync.WaitGroup // invocations

	mu      sync.Mutex                    // guards what follows
	over    bool                          // nothing is begun any more
	cancels map[uint64]context.CancelFunc // of what runs
}

// sessionAnswer is a part of a result. Taken, if not nil, is closed when it is sent:
// the next part of a large result waits for that, so that those of others come between.
type sessionAnswer struct {
	*nodeservicepb.SessionAnswer
	taken chan struct{}
}

// Session runs the invocations of one client.
func (s *Server) Session(stream nodeservicepb.NodeService_SessionServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	n := &session{
		server: s, stream: stream, ctx: ctx,
		invocations: rpc.CarriedBy(ctx, nodeservicepb.NodeService_InvokeFunctionUnary_FullMethodName),
		answers:     sessions.NewQueue[sessionAnswer](), cancels: map[uint64]context.CancelFunc{},
		workers: workers.New(mostIdle),
	}
	defer n.workers.Close()
	// What runs is stopped, and has stopped when the session ends.
	defer n.end()
	defer cancel()
	requests, ended := sessions.Receive(stream)
	stopping, idle := rpc.Stopping(ctx), make(chan struct{})
	for {
		select {
		case req := <-requests:
			n.carryOut(req)
		case <-n.answers.Ready():
			sessions.Gather()
			if err := n.send(); err != nil {
				return err
			}
		case err := <-ended:
			if err == io.EOF {
				return nil
			}
			return err
		case <-stopping:
			stopping = nil
			go func() { n.end(); close(idle) }()
		case <-idle:
			// Everything that was begun is answered: that is what a good end says.
			for !n.answers.Empty() {
				if err := n.send(); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// end begins nothing any more, and waits for what runs.
func (n *session) end() {
	n.mu.Lock()
	n.over = true
	n.mu.Unlock()
	n.running.Wait()
}

func (n *session) carryOut(req *nodeservicepb.SessionRequest) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, inv := range req.GetInvocations() {
		n.begin(inv)
	}
	for _, id := range req.GetCancels() {
		if cancel := n.cancels[id]; cancel != nil {
			cancel()
		}
	}
}

// begin needs mu.
func (n *session) begin(inv *nodeservicepb.SessionInvocation) {
	id := inv.GetId()
	switch {
	case n.over:
		// As a container that is gone: the invocation may be placed anew.
		n.fail(id, status.Error(codes.NotFound, "the node is stopping"))
		return
	case n.cancels[id] != nil:
		n.fail(id, status.Errorf(codes.InvalidArgument, "an invocation with id %d is running", id))
		return
	}
	ctx, cancel := context.WithCancel(n.ctx)
	n.cancels[id] = cancel
	n.running.Add(1)
	n.workers.Go(func() {
		defer n.running.Done()
		defer cancel()
		n.run(ctx, id, inv.GetRequest())
	})
}

// run runs one invocation and answers it.
func (n *session) run(ctx context.Context, id uint64, req *nodeservicepb.InvokeFunctionRequest) {
	var result *nodeservicepb.InvokeFunctionReply
	err := n.invocations.Do(func() (err error) {
		result, err = n.server.invoke(ctx, req)
		return err
	})
	if err != nil {
		n.fail(id, err)
	} else {
		n.answer(ctx, id, result)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cancels, id)
}

func (n *session) fail(id uint64, err error) {
	s := status.Convert(err)
	n.answers.Add(sessionAnswer{SessionAnswer: &nodeservicepb.SessionAnswer{
		Id: id, Error: &nodeservicepb.SessionError{Code: int32(s.Code()), Message: s.Message()},
	}})
}

// answer queues a result, a large one part by part. The header goes first, the footer last.
func (n *session) answer(ctx context.Context, id uint64, result *nodeservicepb.InvokeFunctionReply) {
	part := &nodeservicepb.InvokeFunctionReply{Header: result.GetHeader()}
	for body := result.GetBody(); ; body = body[mostBytes:] {
		if len(body) <= mostBytes {
			part.Body, part.Footer = body, result.GetFooter()
			n.answers.Add(sessionAnswer{SessionAnswer: &nodeservicepb.SessionAnswer{Id: id, Part: part}})
			return
		}
		part.Body = body[:mostBytes]
		taken := make(chan struct{})
		n.answers.Add(sessionAnswer{&nodeservicepb.SessionAnswer{Id: id, Part: part}, taken})
		select {
		case <-taken:
		case <-ctx.Done():
			n.fail(id, status.FromContextError(ctx.Err()).Err())
			return
		}
		part = &nodeservicepb.InvokeFunctionReply{}
	}
}

// send sends what is queued, in as many messages as it takes. What comes meanwhile has its
// turn after requests that have come, as a large result may go on coming for long.
func (n *session) send() error {
	answers := n.answers.Take(mostAnswers)
	reply := &nodeservicepb.SessionReply{}
	for i, bytes := 0, 0; i < len(answers); i++ {
		reply.Answers = append(reply.Answers, answers[i].SessionAnswer)
		if bytes += size(answers[i].GetPart()); bytes < mostBytes && i < len(answers)-1 {
			continue
		}
		if err := n.stream.Send(reply); err != nil {
			return err
		}
		reply, bytes = &nodeservicepb.SessionReply{}, 0
	}
	for _, a := range answers {
		if a.taken != nil {
			close(a.taken)
		}
	}
	return nil
}

// size is about that of the message: of all in it that may be large.
func size(part *nodeservicepb.InvokeFunctionReply) int {
	header, footer := part.GetHeader(), part.GetFooter()
	return len(part.GetBody()) + len(header.GetFunctionLog()) + len(header.GetError()) + len(footer.GetInvokeException())
}
