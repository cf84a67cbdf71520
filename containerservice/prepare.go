package containerservice

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
	"github.com/minifaas/minifaas/internal/environment"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// Prepare starts what Load can do without.
func (s *Server) Prepare(ctx context.Context, req *containerservicepb.PrepareRequest) (*containerservicepb.PrepareReply, error) {
	prepare, ok := preparers[req.GetRuntime()]
	if !ok && !req.GetForked() {
		return &containerservicepb.PrepareReply{}, nil
	}
	if s.isPrepared() || !s.advance(unloaded, preparing) {
		return nil, status.Error(codes.FailedPrecondition, "prepare: a container is prepared once, before it loads its function")
	}
	reply := &containerservicepb.PrepareReply{}
	var prepared runtime.Prepared
	var err error
	if req.GetForked() {
		prepared, err = expect(reply)
	} else {
		prepared, err = prepare(ctx, runtime.Preparation{Interpreter: req.GetInterpreter(), Memory: req.GetMemoryInBytes()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = unloaded
	switch {
	case err == nil:
		s.prepared, s.preparedFor = prepared, req.GetRuntime()
		return reply, nil
	case errors.Is(err, runtime.ErrNoInterpreter):
		return nil, status.Errorf(codes.FailedPrecondition, "%s: %v", req.GetRuntime(), err)
	case ctx.Err() != nil:
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return nil, status.Errorf(codes.Internal, "prepare: %v", err)
}

// expect makes the ends of a worker that is forked outside, and tells them.
func expect(reply *containerservicepb.PrepareReply) (runtime.Prepared, error) {
	expected, err := resident.Expect()
	if err != nil {
		return nil, err
	}
	socket, output := expected.Descriptors()
	reply.WorkerSocket, reply.WorkerOutput = int32(socket), int32(output)
	return expected, nil
}

func (s *Server) isPrepared() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.prepared != nil
}

// takePrepared returns what was prepared if the function can use it; else that is ended.
func (s *Server) takePrepared(req *containerservicepb.LoadRequest) runtime.Prepared {
	s.mu.Lock()
	p, of := s.prepared, s.preparedFor
	s.prepared = nil
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.Done():
		return nil
	default:
	}
	_, outside := p.(*resident.Expected)
	if of != req.GetRuntime() || outside != req.GetForked() || !outside && environment.NeedsOwnStart(req.GetEnvironment()) {
		p.Close()
		return nil
	}
	return p
}
