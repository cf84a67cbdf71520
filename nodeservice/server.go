// Package nodeservice runs the containers of one node. It knows no leases and
// no policy: who sends invocations to which container is the scheduler's business.
package nodeservice

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

var _ nodeservicepb.NodeServiceServer = (*Server)(nil)

// Config says what a node is made of.
type Config struct {
	// Functions resolves the names that schedulers send.
	Functions *function.Catalogue
	// Runtime makes the containers. The server closes it.
	Runtime sandbox.Runtime
	// Memory is the node's memory, in bytes; SystemMemory is what of it the system
	// takes, where the runtime does not count that.
	Memory, SystemMemory int64
	// Disk is a path on the disk that GetStats reports.
	Disk string
	// Simulated: the runtime is a model of a whole machine, so that what this one is
	// short of is left out of GetStats.
	Simulated bool
	// StatsAge is how old the statistics may be that GetStats answers; 0 means 200 ms.
	StatsAge time.Duration
	// Metrics is where the node's metrics are registered; nil means nowhere.
	Metrics prometheus.Registerer
	Log     *zap.Logger
}

// Server is the NodeService.
type Server struct {
	nodeservicepb.UnimplementedNodeServiceServer
	cfg     Config
	log     *zap.Logger
	stats   statsCache
	metrics *metrics

	mu       sync.Mutex // guards inv, its entries, and counters
	inv      *inventory
	counters counters
}

// New makes a node without containers.
func New(cfg Config) *Server {
	if cfg.StatsAge == 0 {
		cfg.StatsAge = 200 * time.Millisecond
	}
	s := &Server{cfg: cfg, log: cfg.Log, metrics: newMetrics(cfg.Metrics, cfg.Runtime), inv: newInventory(newLiveID())}
	s.countFrozen(cfg.Metrics)
	return s
}

// Close ends every container and closes the runtime.
func (s *Server) Close() error {
	s.releaseAll()
	return s.cfg.Runtime.Close()
}

func newLiveID() string { return uuid.NewString()[:8] }

// Reserve hands the node to an owner.
func (s *Server) Reserve(_ context.Context, req *nodeservicepb.ReserveRequest) (*nodeservicepb.ReserveReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inv.owner, s.inv.released = req.GetOwnerAccountId(), false
	return &nodeservicepb.ReserveReply{}, nil
}

// Release ends every container and renews the live id.
func (s *Server) Release(context.Context, *nodeservicepb.ReleaseRequest) (*nodeservicepb.ReleaseReply, error) {
	s.mu.Lock()
	s.inv.owner, s.inv.liveID, s.inv.released = "", newLiveID(), true
	s.mu.Unlock()
	s.releaseAll()
	return &nodeservicepb.ReleaseReply{}, nil
}

func (s *Server) releaseAll() {
	s.mu.Lock()
	entries := s.inv.all()
	s.mu.Unlock()
	var removals sync.WaitGroup
	for _, e := range entries {
		removals.Go(func() { _ = s.remove(e) })
	}
	removals.Wait()
}

// CreateContainer makes a container for one function.
func (s *Server) CreateContainer(ctx context.Context, req *nodeservicepb.CreateContainerRequest) (*nodeservicepb.CreateContainerReply, error) {
	meta := req.GetFunctionMeta()
	f, err := s.cfg.Functions.Find("", meta.GetFunctionName())
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	memory := meta.GetMemoryInBytes()
	if memory <= 0 {
		memory = f.Memory
	}
	working, abort := context.WithCancel(ctx)
	defer abort()
	s.mu.Lock()
	err = s.inv.admit(req.GetEpoch())
	var e *entry
	if err == nil {
		e, err = s.inv.add(req.GetName(), f, memory, time.Now(), abort)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer close(e.settled)
	c, err := s.cfg.Runtime.Create(working, sandbox.Spec{ID: e.id, Function: f, Memory: memory})
	s.mu.Lock()
	removed := e.state == stopping
	switch {
	case err != nil:
		s.inv.drop(e)
		if !removed {
			s.counters.failed++
		}
	case removed:
		e.sandbox = c // whoever removes it again finds it
	default:
		s.inv.created(e, c, time.Now())
		s.counters.created++
	}
	s.mu.Unlock()
	switch {
	case removed:
		if err == nil {
			_ = s.kill(e, c)
		}
		return nil, status.Error(codes.Aborted, "the container was removed while it was created")
	case err != nil:
		return nil, createStatus(ctx, err)
	case ctx.Err() != nil:
		// The caller will not hear of it.
		_ = s.remove(e)
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	go s.reap(e)
	return &nodeservicepb.CreateContainerReply{ContainerId: e.id, Phases: s.metrics.created(c)}, nil
}

func createStatus(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, sandbox.ErrUnsupported):
		return status.Error(codes.FailedPrecondition, err.Error())
	case errors.Is(err, sandbox.ErrOutOfMemory):
		return status.Error(codes.ResourceExhausted, err.Error())
	default:
		return status.Error(codes.Unavailable, err.Error())
	}
}

// reap takes a container that died by itself out of the inventory.
func (s *Server) reap(e *entry) {
	<-e.sandbox.Done()
	_ = s.remove(e)
}

// RemoveContainer ends a container, also a busy one.
func (s *Server) RemoveContainer(_ context.Context, req *nodeservicepb.RemoveContainerRequest) (*nodeservicepb.RemoveContainerReply, error) {
	s.mu.Lock()
	err := s.inv.admit(req.GetEpoch())
	e := s.inv.containers[req.GetContainerId()]
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, status.Errorf(codes.NotFound, "no container %q on this node", req.GetContainerId())
	}
	if err := s.remove(e); err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	s.mu.Lock()
	s.counters.removed++
	s.mu.Unlock()
	return &nodeservicepb.RemoveContainerReply{}, nil
}

// remove ends a container and returns when nothing of it is left; what goes
// wrong is logged. Several may do so at once. One that is still being created
// is ended by its creator.
func (s *Server) remove(e *entry) error {
	s.mu.Lock()
	s.inv.stop(e)
	c := e.sandbox
	s.mu.Unlock()
	if c == nil {
		e.abort()
		<-e.settled
		return nil
	}
	return s.kill(e, c)
}

func (s *Server) kill(e *entry, c sandbox.Container) error {
	if err := c.Kill(); err != nil {
		s.log.Error("kill container failed", zap.String("container", e.id), zap.Error(err))
		return err
	}
	s.mu.Lock()
	s.inv.drop(e)
	s.mu.Unlock()
	return nil
}
