package containerservice

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/containerservice/runtime"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// Invoke runs one invocation.
func (s *Server) Invoke(ctx context.Context, req *containerservicepb.InvokeRequest) (*containerservicepb.InvokeReply, error) {
	s.mu.RLock()
	state, rt, failed := s.state, s.rt, s.failed
	s.mu.RUnlock()
	if state != loaded {
		return nil, status.Error(codes.FailedPrecondition, "invoke function: none is loaded")
	}
	if failed != nil {
		return &containerservicepb.InvokeReply{
			Error:                 failed.Error,
			FunctionLog:           failed.FunctionLog,
			MaxMemoryUsageInBytes: 1, // nothing runs, but it is above 0 always
			ContainerLost:         true,
		}, nil
	}
	if len(req.Event) > runtime.MaxPayload {
		return nil, status.Errorf(codes.ResourceExhausted, "event of %d bytes is larger than the limit of %d MiB", len(req.Event), runtime.MaxPayload>>20)
	}
	ctx, inv := s.running.begin(ctx, req.RequestId)
	if left := ctx.Err(); left != nil {
		// Looked at after begin: an EndInvocation that follows a cancellation
		// either finds the invocation or knows that it never runs.
		s.running.end(inv, false)
		return nil, status.FromContextError(left).Err()
	}
	res, err := rt.Invoke(ctx, runtime.Call{
		RequestID: req.RequestId,
		Event:     req.Event,
		Timeout:   orDefault(time.Duration(req.TimeoutNanos), DefaultTimeout),
	})
	left := ctx.Err() // before end cancels ctx
	s.running.end(inv, res.Lost || errors.Is(err, runtime.ErrLost))
	switch {
	case err == nil:
	case errors.Is(err, runtime.ErrLost):
		return nil, status.Error(codes.Aborted, text(err.Error()))
	case left != nil:
		return nil, status.FromContextError(left).Err()
	default:
		return nil, status.Errorf(codes.Internal, "invoke function: %v", err)
	}
	return &containerservicepb.InvokeReply{
		Body:                  res.Body,
		Error:                 toProto(res.Error),
		FunctionLog:           res.Log,
		DurationInNanos:       int64(res.Duration),
		MaxMemoryUsageInBytes: max(res.PeakMemory, 1),
		ContainerLost:         res.Lost,
	}, nil
}

// EndInvocation cancels the invocations of a request and waits for their end.
func (s *Server) EndInvocation(ctx context.Context, req *containerservicepb.EndInvocationRequest) (*containerservicepb.EndInvocationReply, error) {
	reply := &containerservicepb.EndInvocationReply{}
	for _, inv := range s.running.of(req.RequestId) {
		inv.cancel()
		select {
		case <-inv.done:
			reply.ContainerLost = reply.ContainerLost || inv.lost
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	return reply, nil
}
