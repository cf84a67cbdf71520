package scheduler

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// errStopping sends a caller to the scheduler that comes next.
var errStopping = status.Error(codes.Unavailable, "the scheduler is stopping; try again")

// AcquireContainer leases a container to the caller.
func (s *Server) AcquireContainer(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	if err := checkFunction(req.GetFunctionName(), req.GetFunctionConfig()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	begin := time.Now()
	if err := s.awaitRunning(ctx); err != nil {
		return nil, err
	}
	c := &call{}
	deadline, _ := ctx.Deadline()
	if !s.ask(c, req, deadline) {
		select {
		case <-c.answered:
		case <-ctx.Done():
			s.step(&engine.Event{Kind: engine.Cancel, Ticket: c.ticket})
			<-c.answered
		case <-s.ctx.Done():
			return nil, errStopping
		}
	}
	if ctx.Err() == nil {
		s.metrics.acquired(&c.action, time.Since(begin))
		return c.reply()
	}
	if c.action.Kind == engine.Grant {
		s.step(c.unheard())
	}
	return nil, status.FromContextError(ctx.Err()).Err()
}

// ask hands the request to the engine, and says whether that answered it at once. The
// zero deadline is none.
func (s *Server) ask(c *call, req *schedulerpb.AcquireContainerRequest, deadline time.Time) (answered bool) {
	ev := engine.Event{
		Kind:     engine.Acquire,
		Request:  engine.RequestID(req.GetRequestId()),
		Account:  req.GetAccountId(),
		Function: functionSpec(req.GetFunctionName(), req.GetFunctionConfig()),
	}
	if !deadline.IsZero() {
		ev.Deadline = engine.Instant(deadline.Sub(s.start))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets++
	c.ticket, ev.Ticket = s.tickets, s.tickets
	s.asking = c
	s.stepLocked(&ev)
	s.asking = nil
	if c.action.Kind == 0 {
		s.waiting[c.ticket] = c
		c.wait()
		return false
	}
	return true
}

// unheard gives back what was granted to a caller that had left before it could
// hear of it: nothing ran under the grant.
func (c *call) unheard() *engine.Event {
	return &engine.Event{
		Kind: engine.Return, Request: c.action.Request, Container: c.action.Container, Outcome: engine.Outcome{Error: "Canceled"},
	}
}

// awaitRunning lets a call wait until the scheduler has adopted what lives.
func (s *Server) awaitRunning(ctx context.Context) error {
	select {
	case <-s.running: // alone, this is but a look
		return nil
	default:
	}
	select {
	case <-s.running:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-s.ctx.Done():
		return errStopping
	}
}

// checkFunction reports what a scheduler cannot do without.
func checkFunction(name string, config *schedulerpb.FunctionConfig) error {
	switch {
	case name == "":
		return errors.New("function_name is empty")
	case config.GetMemoryInBytes() <= 0:
		return errors.New("function_config.memory_in_bytes: want more than 0")
	}
	return nil
}

func functionSpec(name string, config *schedulerpb.FunctionConfig) engine.FunctionSpec {
	return engine.FunctionSpec{
		Name:        name,
		Memory:      engine.Bytes(config.GetMemoryInBytes()),
		Timeout:     time.Duration(config.GetTimeoutInMs()) * time.Millisecond,
		Handler:     config.GetHandler(),
		Concurrency: int(config.GetConcurrency()),
	}
}

func (c *call) reply() (*schedulerpb.AcquireContainerReply, error) {
	a := &c.action
	if c.fault != nil {
		return nil, c.fault
	}
	if a.Kind == engine.Refuse {
		return nil, refusal(a)
	}
	if c.node == nil {
		return nil, status.Error(codes.Internal, "the granted container's node is unknown")
	}
	return &schedulerpb.AcquireContainerReply{
		NodeId:          string(a.Node),
		NodeAddress:     c.node.desc.GetAddress(),
		NodeServicePort: c.node.desc.GetNodeServicePort(),
		ContainerId:     string(a.Container),
		ColdStart:       a.Cold,
	}, nil
}

// refusal is the error of a refused call, with when to try again if that is known.
func refusal(a *engine.Action) error {
	s := status.New(refusalCode(a.Refusal), a.Message)
	if a.RetryAfter > 0 {
		if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(a.RetryAfter)}); err == nil {
			s = detailed
		}
	}
	return s.Err()
}

func refusalCode(r engine.Refusal) codes.Code {
	switch r {
	case engine.NoCapacity, engine.QueueFull:
		return codes.ResourceExhausted
	case engine.DeadlineExceeded:
		return codes.DeadlineExceeded
	case engine.CreateFailed:
		return codes.FailedPrecondition
	case engine.CreateGaveUp:
		return codes.Unavailable
	case engine.Duplicate:
		return codes.AlreadyExists
	case engine.Canceled:
		return codes.Canceled
	default:
		return codes.Internal
	}
}

// ReturnContainer ends a lease. It is OK whatever the lease.
func (s *Server) ReturnContainer(ctx context.Context, req *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	if err := s.awaitRunning(ctx); err != nil {
		return nil, err
	}
	s.takeBack(req)
	return &schedulerpb.ReturnContainerReply{}, nil
}

func (s *Server) takeBack(req *schedulerpb.ReturnContainerRequest) {
	s.step(&engine.Event{
		Kind:      engine.Return,
		Request:   engine.RequestID(req.GetRequestId()),
		Container: engine.ContainerID(req.GetContainerId()),
		Outcome: engine.Outcome{
			Duration:  time.Duration(req.GetDurationInNanos()),
			MaxMemory: engine.Bytes(req.GetMaxMemoryUsageInBytes()),
			CPU:       time.Duration(req.GetCpuTimeInNanos()),
			Error:     req.GetErrorCode(),
			Lost:      req.GetContainerLost(),
		},
	})
}
