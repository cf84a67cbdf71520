package nodeservice

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// ResizeContainer sets a container's memory limit, and the CPU quota that follows it.
func (s *Server) ResizeContainer(_ context.Context, req *nodeservicepb.ResizeContainerRequest) (*nodeservicepb.ResizeContainerReply, error) {
	memory := req.GetMemoryInBytes()
	if memory <= 0 {
		return nil, status.Errorf(codes.InvalidArgument, "memory_in_bytes is %d: want it above 0", memory)
	}
	s.mu.Lock()
	err := s.inv.admit(req.GetEpoch())
	e := s.inv.containers[req.GetContainerId()]
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, status.Errorf(codes.NotFound, "no container %q on this node", req.GetContainerId())
	}
	if err := s.resize(e, memory); err != nil {
		return nil, err
	}
	return &nodeservicepb.ResizeContainerReply{}, nil
}

// resize lets several at a time pass one after the other. Limits may add up to more
// than the node's memory, as those of new containers may: what is set aside for them is
// the scheduler's to say.
func (s *Server) resize(e *entry, memory int64) error {
	if memory > s.cfg.Memory {
		return status.Errorf(codes.ResourceExhausted, "%d MiB for container %q is more than the node's %d", memory>>20, e.id, s.cfg.Memory>>20)
	}
	e.sizing.Lock()
	defer e.sizing.Unlock()
	s.mu.Lock()
	state, c := e.state, e.sandbox
	s.mu.Unlock()
	switch state {
	case creating:
		return status.Errorf(codes.FailedPrecondition, "container %q is still being created", e.id)
	case stopping:
		return status.Errorf(codes.NotFound, "container %q is %s", e.id, state)
	}
	err := c.Resize(memory)
	switch {
	case err == nil:
		s.mu.Lock()
		defer s.mu.Unlock()
		e.memory = memory
		return nil
	case errors.Is(err, sandbox.ErrInUse):
		return status.Error(codes.ResourceExhausted, err.Error())
	case errors.Is(err, sandbox.ErrLost):
		return status.Errorf(codes.NotFound, "container %q has died", e.id)
	}
	return status.Error(codes.Unavailable, err.Error())
}
