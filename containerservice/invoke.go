package containerservice

import (
	"context"
	"errors"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/internal/wire"
)

// Invoke runs one invocation.
func (s *Server) Invoke(ctx context.Context, req *wire.InvokeRequest) (*wire.InvokeReply, error) {
	s.mu.RLock()
	state, rt, failed := s.state, s.rt, s.failed
	s.mu.RUnlock()
	if state != loaded {
		return nil, wire.Error(wire.FailedPrecondition, "invoke function: none is loaded")
	}
	if failed != nil {
		return &wire.InvokeReply{
			Error:                 failed.Error,
			FunctionLog:           failed.FunctionLog,
			MaxMemoryUsageInBytes: 1, // nothing runs, but it is above 0 always
			ContainerLost:         true,
		}, nil
	}
	if len(req.Event) > runtime.MaxPayload {
		return nil, wire.Errorf(wire.ResourceExhausted, "event of %d bytes is larger than the limit of %d MiB", len(req.Event), runtime.MaxPayload>>20)
	}
	ctx, inv := s.running.begin(ctx, req.RequestID)
	if left := ctx.Err(); left != nil {
		// Looked at after begin: an EndInvocation that follows a cancellation
		// either finds the invocation or knows that it never runs.
		s.running.end(inv, false)
		return nil, wire.ContextError(left)
	}
	res, err := rt.Invoke(ctx, runtime.Call{
		RequestID: req.RequestID,
		Event:     req.Event,
		Timeout:   orDefault(time.Duration(req.TimeoutNanos), DefaultTimeout),
	})
	left := ctx.Err() // before end cancels ctx
	s.running.end(inv, res.Lost || errors.Is(err, runtime.ErrLost))
	switch {
	case err == nil:
	case errors.Is(err, runtime.ErrLost):
		return nil, wire.Error(wire.Aborted, text(err.Error()))
	case left != nil:
		return nil, wire.ContextError(left)
	default:
		return nil, wire.Errorf(wire.Internal, "invoke function: %v", err)
	}
	return &wire.InvokeReply{
		Body:                  res.Body,
		Error:                 toWire(res.Error),
		FunctionLog:           res.Log,
		DurationInNanos:       int64(res.Duration),
		MaxMemoryUsageInBytes: max(res.PeakMemory, 1),
		ContainerLost:         res.Lost,
	}, nil
}

// EndInvocation cancels the invocations of a request and waits for their end.
func (s *Server) EndInvocation(ctx context.Context, req *wire.EndInvocationRequest) (*wire.EndInvocationReply, error) {
	reply := &wire.EndInvocationReply{}
	for _, inv := range s.running.of(req.RequestID) {
		inv.cancel()
		select {
		case <-inv.done:
			reply.ContainerLost = reply.ContainerLost || inv.lost
		case <-ctx.Done():
			return nil, wire.ContextError(ctx.Err())
		}
	}
	return reply, nil
}
