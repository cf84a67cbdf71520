package scheduler

import (
	"io"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	sessions "github.com/minifaas/minifaas/internal/session"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// mostAnswers bounds a message, so that the first of many answers need not wait for the last.
	mostAnswers = 256
	// mostUntold is how many returns may have taken effect without the client knowing.
	mostUntold = 64
)

// errUnheard is how calls end whose client has gone.
var errUnheard = status.Error(codes.Canceled, "the session has ended")

// session is one call of Session. One goroutine reads requests, another carries them
// out and sends: a client that does not read its answers is not read from either.
type session struct {
	server            *Server
	stream            schedulerpb.Scheduler_SessionServer
	acquires, returns *rpc.Carried
	// answered are calls whose answers came while they waited.
	answered *sessions.Queue[*call]
	// waiting are the calls without an answer, by id; guarded by the server's mu.
	waiting map[uint64]*call
	// taken counts returns, told those that the client knows have been taken.
	taken, told uint64
}

// Session carries the calls of one client.
func (s *Server) Session(stream schedulerpb.Scheduler_SessionServer) error {
	ctx := stream.Context()
	if err := s.awaitRunning(ctx); err != nil {
		return err
	}
	n := &session{
		server: s, stream: stream,
		acquires: rpc.CarriedBy(ctx, schedulerpb.Scheduler_AcquireContainer_FullMethodName),
		returns:  rpc.CarriedBy(ctx, schedulerpb.Scheduler_ReturnContainer_FullMethodName),
		answered: sessions.NewQueue[*call](), waiting: map[uint64]*call{},
	}
	defer n.end()
	requests, ended := sessions.Receive(stream)
	for {
		var err error
		select {
		case req := <-requests:
			err = n.carryOut(req)
		case <-n.answered.Ready():
			sessions.Gather()
			err = n.tell(n.answered.Take(mostAnswers))
		case err := <-ended:
			if err == io.EOF {
				return nil
			}
			return err
		case <-rpc.Stopping(ctx):
			return errStopping
		case <-s.ctx.Done():
			return errStopping
		}
		if err != nil {
			return err
		}
	}
}

// carryOut does what a message asks for, and tells the client what is answered at once.
func (n *session) carryOut(req *schedulerpb.SessionRequest) error {
	for _, r := range req.GetReturns() {
		_ = n.returns.Do(func() error {
			n.server.takeBack(r)
			return nil
		})
	}
	n.taken += uint64(len(req.GetReturns()))
	var answered []*call
	for _, a := range req.GetAcquires() {
		c := &call{session: n, id: a.GetId(), begun: time.Now()}
		if n.acquire(c, a) {
			answered = append(answered, c)
		}
	}
	n.cancel(req.GetCancels())
	if len(answered) == 0 && n.taken-n.told < mostUntold {
		return nil
	}
	if len(answered) > mostAnswers {
		n.answered.Add(answered[mostAnswers:]...)
		answered = answered[:mostAnswers]
	}
	return n.tell(answered)
}

// acquire says whether the call is answered at once.
func (n *session) acquire(c *call, a *schedulerpb.SessionAcquire) (answered bool) {
	n.acquires.Begin()
	req := a.GetRequest()
	if err := checkFunction(req.GetFunctionName(), req.GetFunctionConfig()); err != nil {
		c.fault = status.Error(codes.InvalidArgument, err.Error())
		return true
	}
	if n.waits(c.id) {
		c.fault = status.Errorf(codes.InvalidArgument, "an acquire with id %d waits already", c.id)
		return true
	}
	var deadline time.Time
	if a.GetTimeoutInNanos() > 0 {
		deadline = c.begun.Add(time.Duration(a.GetTimeoutInNanos()))
	}
	return n.server.ask(c, req, deadline)
}

func (n *session) waits(id uint64) bool {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	return n.waiting[id] != nil
}

// cancel ends the waiting of calls whose callers have left.
func (n *session) cancel(ids []uint64) {
	if len(ids) == 0 {
		return
	}
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if c := n.waiting[id]; c != nil {
			s.stepLocked(&engine.Event{Kind: engine.Cancel, Ticket: c.ticket})
		}
	}
}

// tell sends the answers of calls. Those that could not be sent are left to end.
func (n *session) tell(calls []*call) error {
	reply := &schedulerpb.SessionReply{Returned: n.taken, Answers: make([]*schedulerpb.SessionAnswer, len(calls))}
	errs := make([]error, len(calls))
	for i, c := range calls {
		reply.Answers[i], errs[i] = c.answer()
	}
	if err := n.stream.Send(reply); err != nil {
		n.answered.Add(calls...)
		return err
	}
	n.told = n.taken
	for i, c := range calls {
		n.acquires.End(c.begun, errs[i])
		if c.fault == nil && c.action.Refusal != engine.Canceled {
			n.server.metrics.acquired(&c.action, time.Since(c.begun))
		}
	}
	return nil
}

// answer is what the client is told of the call, and its error.
func (c *call) answer() (*schedulerpb.SessionAnswer, error) {
	granted, err := c.reply()
	if err == nil {
		return &schedulerpb.SessionAnswer{Id: c.id, Granted: granted}, nil
	}
	s := status.Convert(err).Proto()
	return &schedulerpb.SessionAnswer{Id: c.id, Error: &schedulerpb.SessionError{Code: s.GetCode(), Message: s.GetMessage(), Details: s.GetDetails()}}, err
}

// end cancels what waits, and gives back what was granted to a client that was not told.
func (n *session) end() {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range n.waiting {
		s.stepLocked(&engine.Event{Kind: engine.Cancel, Ticket: c.ticket}) // which takes it out
	}
	for _, c := range n.answered.Take(math.MaxInt) {
		if c.action.Kind == engine.Grant {
			s.stepLocked(c.unheard())
		}
		n.acquires.End(c.begun, errUnheard)
	}
}
