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
	answers := make(chan answer, 1)
	ticket, err := s.enqueue(ctx, req, answers)
	if err != nil {
		return nil, err
	}
	var a answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		s.step(&engine.Event{Kind: engine.Cancel, Ticket: ticket})
		a = <-answers
	case <-s.ctx.Done():
		return nil, errStopping
	}
	if ctx.Err() == nil {
		s.metrics.acquired(a.action, time.Since(begin))
		return reply(a)
	}
	if a.action.Kind == engine.Grant {
		// The caller left before it could hear of the grant: nothing ran under it.
		s.step(&engine.Event{
			Kind: engine.Return, Request: a.action.Request, Container: a.action.Container, Outcome: engine.Outcome{Error: "Canceled"},
		})
	}
	return nil, status.FromContextError(ctx.Err()).Err()
}

// enqueue hands the request to the engine; what becomes of it comes down answers.
func (s *Server) enqueue(ctx context.Context, req *schedulerpb.AcquireContainerRequest, answers chan<- answer) (engine.Ticket, error) {
	if err := s.awaitRunning(ctx); err != nil {
		return 0, err
	}
	ev := engine.Event{
		Kind:     engine.Acquire,
		Request:  engine.RequestID(req.GetRequestId()),
		Account:  req.GetAccountId(),
		Function: functionSpec(req.GetFunctionName(), req.GetFunctionConfig()),
	}
	if deadline, ok := ctx.Deadline(); ok {
		ev.Deadline = engine.Instant(deadline.Sub(s.start))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickets++
	ev.Ticket = s.tickets
	s.waiting[ev.Ticket] = answers
	s.stepLocked(&ev)
	return ev.Ticket, nil
}

// awaitRunning lets a call wait until the scheduler has adopted what lives.
func (s *Server) awaitRunning(ctx context.Context) error {
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

func reply(a answer) (*schedulerpb.AcquireContainerReply, error) {
	if a.action.Kind == engine.Refuse {
		return nil, refusal(a.action)
	}
	if a.node == nil {
		return nil, status.Error(codes.Internal, "the granted container's node is unknown")
	}
	return &schedulerpb.AcquireContainerReply{
		NodeId:          string(a.action.Node),
		NodeAddress:     a.node.desc.GetAddress(),
		NodeServicePort: a.node.desc.GetNodeServicePort(),
		ContainerId:     string(a.action.Container),
		ColdStart:       a.action.Cold,
	}, nil
}

// refusal is the error of a refused call, with when to try again if that is known.
func refusal(a engine.Action) error {
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
	return &schedulerpb.ReturnContainerReply{}, nil
}
