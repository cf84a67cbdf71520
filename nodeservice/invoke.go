package nodeservice

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// chunk is the most of a body that goes into one message.
const chunk = 1 << 20

// InvokeFunction runs one invocation and streams its result: one header, the
// body in parts, one footer.
func (s *Server) InvokeFunction(req *nodeservicepb.InvokeFunctionRequest, stream nodeservicepb.NodeService_InvokeFunctionServer) error {
	reply, err := s.invoke(stream.Context(), req)
	if err != nil {
		return err
	}
	if err := stream.Send(&nodeservicepb.InvokeFunctionReply{Header: reply.GetHeader()}); err != nil {
		return err
	}
	for part := range slices.Chunk(reply.GetBody(), chunk) {
		if err := stream.Send(&nodeservicepb.InvokeFunctionReply{Body: part}); err != nil {
			return err
		}
	}
	return stream.Send(&nodeservicepb.InvokeFunctionReply{Footer: reply.GetFooter()})
}

// InvokeFunctionUnary runs one invocation.
func (s *Server) InvokeFunctionUnary(ctx context.Context, req *nodeservicepb.InvokeFunctionRequest) (*nodeservicepb.InvokeFunctionReply, error) {
	return s.invoke(ctx, req)
}

// invoke runs one invocation in a container, for a caller whose context is given.
func (s *Server) invoke(caller context.Context, req *nodeservicepb.InvokeFunctionRequest) (*nodeservicepb.InvokeFunctionReply, error) {
	if n := len(req.GetEvent()); n > rpc.MaxEvent {
		return nil, status.Errorf(codes.ResourceExhausted, "the event has %d bytes; the limit is %d", n, rpc.MaxEvent)
	}
	if err := s.checkFunction(req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(caller)
	defer cancel()
	s.mu.Lock()
	e, c, err := s.inv.begin(req.GetContainerId(), req.GetRequestId(), time.Now(), cancel)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	timeout := time.Duration(req.GetFunctionMeta().GetTimeoutInMs()) * time.Millisecond
	if timeout <= 0 {
		timeout = e.function.Timeout
	}
	begun := time.Now()
	result, err := e.sandbox.Invoke(ctx, sandbox.Invocation{RequestID: req.GetRequestId(), Event: req.GetEvent(), Timeout: timeout})
	took := time.Since(begun)
	oom := errors.Is(err, sandbox.ErrOutOfMemory) || errors.Is(err, sandbox.ErrLostToMemory)
	if err != nil && errors.Is(err, sandbox.ErrOutOfMemory) {
		result = s.outOfMemory(e, result, err)
		err = nil
	}
	lost := result.Lost || errors.Is(err, sandbox.ErrLost)
	if lost {
		_ = s.remove(e)
	}
	s.mu.Lock()
	c.lost = lost
	s.inv.end(e, c)
	first := e.ended == 1
	if oom && !e.oom {
		e.oom = true
		s.counters.outOfMemory++
	}
	s.mu.Unlock()
	close(c.done)
	if first {
		s.metrics.firstCall(took)
	}
	if result.Thaw > 0 {
		s.metrics.thaw.Observe(result.Thaw.Seconds())
	}
	if err != nil {
		return nil, invokeStatus(caller, err)
	}
	answer := reply(result)
	answer.Footer.ContainerAgeInNanos, answer.Footer.ContainerFresh = int64(c.age), c.fresh
	return answer, nil
}

// checkFunction reports an invocation whose container runs another function. A
// caller need not say which one it means; a container that is gone is no fault here.
func (s *Server) checkFunction(req *nodeservicepb.InvokeFunctionRequest) error {
	name := req.GetFunctionMeta().GetFunctionName()
	s.mu.Lock()
	e := s.inv.containers[req.GetContainerId()]
	s.mu.Unlock()
	if name == "" || e == nil || e.function.Name.String() == name {
		return nil
	}
	if f, err := s.cfg.Functions.Find("", name); err == nil && f.Name == e.function.Name {
		return nil
	}
	return status.Errorf(codes.FailedPrecondition, "container %q runs %s, not %s", e.id, e.function.Name, name)
}

// outOfMemory is the result of a call that used more than its container's limit.
func (s *Server) outOfMemory(e *entry, r sandbox.Result, err error) sandbox.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Error = &sandbox.FunctionError{Code: sandbox.CodeOutOfMemory, Type: "Runtime.OutOfMemory", Message: err.Error()}
	r.MaxMemory = max(r.MaxMemory, e.memory)
	r.Lost = true
	return r
}

func invokeStatus(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, sandbox.ErrLost):
		return status.Error(codes.Aborted, err.Error())
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the invocation was ended")
	default:
		return status.Error(codes.Internal, err.Error())
	}
}

// reply is the result as one message.
func reply(r sandbox.Result) *nodeservicepb.InvokeFunctionReply {
	header := &nodeservicepb.InvokeFunctionReply_Header{
		Handled:            true,
		StatusCode:         "200",
		MaxMemUsageInBytes: max(r.MaxMemory, 1),
		FunctionLog:        r.Log,
	}
	footer := &nodeservicepb.InvokeFunctionReply_Footer{
		DurationInNanos: int64(r.Duration), CpuTimeInNanos: int64(r.CPU), ContainerLost: r.Lost,
	}
	if e := r.Error; e != nil {
		header.Error = []byte(e.Message)
		header.Handled = e.Code == sandbox.CodeFunctionError
		header.StatusCode = statusCodes[e.Code]
		footer.Error = e.Code
		footer.ExceptionType = e.Type
		footer.InvokeException = exception(e)
	}
	return &nodeservicepb.InvokeFunctionReply{Header: header, Body: r.Body, Footer: footer}
}

var statusCodes = map[string]string{
	sandbox.CodeFunctionError: "500",
	sandbox.CodeTimeout:       "504",
	sandbox.CodeOutOfMemory:   "507",
}

// exception is the error as its author wants to read it.
func exception(e *sandbox.FunctionError) string {
	if e.StackTrace != "" {
		return e.StackTrace
	}
	if e.Type != "" {
		return e.Type + ": " + e.Message
	}
	return e.Message
}

// EndInvocation stops a running invocation and waits until its work has stopped.
func (s *Server) EndInvocation(ctx context.Context, req *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
	s.mu.Lock()
	c := s.inv.find(req.GetContainerId(), req.GetRequestId())
	_, there := s.inv.containers[req.GetContainerId()]
	s.mu.Unlock()
	if c == nil {
		return &nodeservicepb.EndInvocationReply{ContainerLost: !there}, nil
	}
	c.cancel()
	select {
	case <-c.done:
		return &nodeservicepb.EndInvocationReply{ContainerLost: c.lost}, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}
