package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Bounds of one call to another service. A create may wait its turn on a busy node.
const (
	reserveTimeout = 10 * time.Second
	createTimeout  = 60 * time.Second
	removeTimeout  = 15 * time.Second
	resizeTimeout  = 5 * time.Second
	releaseTimeout = 15 * time.Second
)

// errFenced ends a scheduler that a younger one has replaced.
var errFenced = errors.New("a younger scheduler has taken over the nodes; this one stops")

// effect carries out one action and tells the engine what came of it.
func (s *Server) effect(a engine.Action, n *node) {
	switch a.Kind {
	case engine.ReserveNode:
		s.reserveNode(a)
	case engine.ReleaseNode:
		s.releaseNode(a, n)
	case engine.CreateContainer:
		s.createContainer(a, n)
	case engine.RemoveContainer:
		s.removeContainer(a, n)
	case engine.ResizeContainer:
		s.resizeContainer(a, n)
	}
}

func (s *Server) reserveNode(a engine.Action) {
	s.mu.Lock()
	s.reserving++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reserving--
		s.reserved++
	}()
	ctx, cancel := context.WithTimeout(s.ctx, reserveTimeout)
	defer cancel()
	reply, err := s.rm.ReserveNode(ctx, &resourcemanagerpb.ReserveNodeRequest{RequestId: uuid.NewString(), AccountId: accountID})
	if err == nil && reply.GetNode() == nil {
		err = errors.New("the reply holds no node")
	}
	var n *node
	if err == nil {
		n, err = dialNode(reply.GetNode())
	}
	if err != nil {
		exhausted := status.Code(err) == codes.ResourceExhausted
		if !exhausted {
			s.log.Warn("reserve node failed", zap.Error(err))
			s.mu.Lock()
			s.unsettled = true
			s.mu.Unlock()
		}
		s.step(&engine.Event{Kind: engine.NodeFailed, Reservation: a.Reservation, Exhausted: exhausted, Message: message(err)})
		return
	}
	s.addNode(n, a.Reservation)
}

// releaseNode repeats until the node is released: until then its time is paid for.
func (s *Server) releaseNode(a engine.Action, n *node) {
	s.retry(releaseTimeout, "release node", func(ctx context.Context) error {
		_, err := s.rm.ReleaseNode(ctx, &resourcemanagerpb.ReleaseNodeRequest{RequestId: uuid.NewString(), Id: string(a.Node)})
		return err
	}, n)
	s.removeNode(n, engine.NodeReleased)
}

func (s *Server) createContainer(a engine.Action, n *node) {
	ctx, cancel := context.WithTimeout(n.ctx, createTimeout)
	defer cancel()
	ordered := time.Now()
	// A node that can't be reached comes back, or is lost: waiting for either
	// keeps it from failing one creation after the other.
	reply, err := n.client.CreateContainer(ctx, &nodeservicepb.CreateContainerRequest{
		RequestId: uuid.NewString(),
		Name:      string(a.Name),
		Epoch:     s.epoch,
		FunctionMeta: &nodeservicepb.FunctionMeta{
			FunctionName:  a.Function.Name,
			Handler:       a.Function.Handler,
			TimeoutInMs:   a.Function.Timeout.Milliseconds(),
			MemoryInBytes: int64(a.Memory),
		},
	}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Aborted {
		s.giveUp(n)
		return
	}
	if err != nil {
		s.fenced(err)
		if n.ctx.Err() == nil { // else the node is lost, which has been said
			s.log.Warn("create container failed", zap.String("node", string(a.Node)), zap.String("function", a.Function.Name), zap.Error(err))
		}
		s.step(&engine.Event{Kind: engine.ContainerFailed, Name: a.Name, Permanent: permanent(err), Message: message(err)})
		return
	}
	container := engine.ContainerID(reply.GetContainerId())
	s.metrics.creations.made(container, ordered, reply.GetPhases())
	s.log.Debug("container created", zap.String("container", string(container)), zap.String("function", a.Function.Name),
		zap.Duration("took", time.Since(ordered)), zap.Stringer("phases", reply.GetPhases()))
	s.step(&engine.Event{
		Kind: engine.ContainerReady, Name: a.Name, Node: a.Node, Container: container,
		Sandbox: reply.GetPhases().GetSandbox(), Prepared: reply.GetPhases().GetPooled(),
	})
}

// giveUp forgets a node that says itself that it is not reserved any more: it was
// started anew, or released, and nobody has told us yet.
func (s *Server) giveUp(n *node) {
	s.lose(n.desc.GetId())
	ctx, cancel := context.WithTimeout(s.ctx, releaseTimeout)
	defer cancel()
	// ResourceManager knows as a rule, and then says NOT_FOUND or nothing.
	_, _ = s.rm.ReleaseNode(ctx, &resourcemanagerpb.ReleaseNodeRequest{RequestId: uuid.NewString(), Id: n.desc.GetId()})
}

func (s *Server) removeContainer(a engine.Action, n *node) {
	gone := s.retry(removeTimeout, "remove container", func(ctx context.Context) error {
		_, err := n.client.RemoveContainer(ctx, &nodeservicepb.RemoveContainerRequest{
			RequestId: uuid.NewString(), ContainerId: string(a.Container), Epoch: s.epoch,
		}, grpc.WaitForReady(true))
		s.fenced(err)
		return err
	}, n)
	if gone && a.Name != "" {
		s.step(&engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})
	}
}

// resizeContainer tries once: a container that can't be resized is replaced.
func (s *Server) resizeContainer(a engine.Action, n *node) {
	ctx, cancel := context.WithTimeout(n.ctx, resizeTimeout)
	defer cancel()
	_, err := n.client.ResizeContainer(ctx, &nodeservicepb.ResizeContainerRequest{
		RequestId: uuid.NewString(), ContainerId: string(a.Container), MemoryInBytes: int64(a.Memory), Epoch: s.epoch,
	})
	if err == nil {
		s.step(&engine.Event{Kind: engine.ContainerResized, Name: a.Name})
		return
	}
	s.fenced(err)
	s.step(&engine.Event{Kind: engine.ResizeFailed, Name: a.Name, Permanent: status.Code(err) == codes.Unimplemented})
}

// retry repeats call until it succeeds or there is nothing left to call for
// (NOT_FOUND). It reports false when the node or the scheduler ended first.
func (s *Server) retry(timeout time.Duration, what string, call func(context.Context) error, n *node) bool {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		ctx, cancel := context.WithTimeout(n.ctx, timeout)
		err := call(ctx)
		cancel()
		if err == nil || status.Code(err) == codes.NotFound {
			return true
		}
		if n.ctx.Err() != nil {
			return false
		}
		s.log.Warn(what+" failed; trying again", zap.String("node", n.desc.GetId()), zap.Error(err))
		select {
		case <-time.After(wait):
		case <-n.ctx.Done():
			return false
		}
	}
}

// fenced stops the scheduler when a node has refused its epoch.
func (s *Server) fenced(err error) {
	if status.Code(err) == codes.PermissionDenied {
		s.stop(fmt.Errorf("%w: %s", errFenced, message(err)))
	}
}

// permanent tells errors that another try, on whichever node, would meet again.
func permanent(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.InvalidArgument, codes.FailedPrecondition, codes.Unimplemented:
		return true
	default:
		return false
	}
}

// message is the error without its gRPC wrapping.
func message(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}
