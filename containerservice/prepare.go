package containerservice

import (
	"context"
	"errors"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
	"github.com/minifaas/minifaas/internal/environment"
	"github.com/minifaas/minifaas/internal/wire"
)

// Prepare starts what Load can do without.
func (s *Server) Prepare(ctx context.Context, req *wire.PrepareRequest) (*wire.PrepareReply, error) {
	prepare, ok := preparers[req.Runtime]
	if !ok && !req.Forked {
		return &wire.PrepareReply{}, nil
	}
	if s.isPrepared() || !s.advance(unloaded, preparing) {
		return nil, wire.Error(wire.FailedPrecondition, "prepare: a container is prepared once, before it loads its function")
	}
	reply := &wire.PrepareReply{}
	var prepared runtime.Prepared
	var err error
	if req.Forked {
		prepared, err = expect(reply)
	} else {
		prepared, err = prepare(ctx, runtime.Preparation{Interpreter: req.Interpreter, Memory: req.MemoryInBytes})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = unloaded
	switch {
	case err == nil:
		s.prepared, s.preparedFor = prepared, req.Runtime
		return reply, nil
	case errors.Is(err, runtime.ErrNoInterpreter):
		return nil, wire.Errorf(wire.FailedPrecondition, "%s: %v", req.Runtime, err)
	case ctx.Err() != nil:
		return nil, wire.ContextError(ctx.Err())
	}
	return nil, wire.Errorf(wire.Internal, "prepare: %v", err)
}

// expect makes the ends of a worker that is forked outside, and tells them.
func expect(reply *wire.PrepareReply) (runtime.Prepared, error) {
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
func (s *Server) takePrepared(req *wire.LoadRequest) runtime.Prepared {
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
	if of != req.Runtime || outside != req.Forked || !outside && environment.NeedsOwnStart(req.Environment) {
		p.Close()
		return nil
	}
	return p
}
