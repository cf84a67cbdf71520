package scheduler

import (
	"context"
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
	"github.com/minifaas/minifaas/scheduler/journal"
)

// adoptTimeout bounds how long one node may take to say what it holds.
const adoptTimeout = 3 * time.Second

// adopt takes over what an earlier scheduler left: it waits for
// ResourceManager, takes an epoch above every one that the nodes have seen,
// and tells the engine of the nodes and containers that live.
func (s *Server) adopt() error {
	usage, err := s.nodesUsage()
	if err != nil {
		return fmt.Errorf("get nodes usage: %w", err)
	}
	var nodes []*node
	epoch := time.Now().UnixNano()
	for _, desc := range usage.GetNodes() {
		if desc.GetReleasedTimeTimestampMs() != 0 {
			continue
		}
		n, err := dialNode(desc)
		if err != nil {
			return err
		}
		stats, err := s.askNode(n, 0)
		if err != nil {
			s.log.Warn("a reserved node does not answer; giving it back", zap.String("node", desc.GetId()), zap.Error(err))
			s.giveBack(n)
			n.conn.Close()
			continue
		}
		epoch = max(epoch, stats.GetEpoch()+1)
		nodes = append(nodes, n)
	}
	if err := s.startEngine(epoch); err != nil {
		return err
	}
	for _, n := range nodes {
		s.adoptNode(n)
	}
	return nil
}

// nodesUsage waits for a ResourceManager that is being started, or restarted.
func (s *Server) nodesUsage() (*resourcemanagerpb.GetNodesUsageReply, error) {
	for {
		ctx, cancel := context.WithTimeout(s.ctx, adoptTimeout)
		usage, err := s.rm.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{RequestId: uuid.NewString()}, grpc.WaitForReady(true))
		cancel()
		if code := status.Code(err); code != codes.Unavailable && code != codes.DeadlineExceeded {
			return usage, err
		}
		s.log.Warn("the resource manager does not answer; asking again", zap.String("endpoint", s.cfg.ResourceManager), zap.Error(err))
		select {
		case <-time.After(rewatch):
		case <-s.ctx.Done():
			return nil, context.Cause(s.ctx)
		}
	}
}

// startEngine makes the engine of this epoch. The epoch is its seed, so that
// its containers' names differ from those that an earlier scheduler gave.
func (s *Server) startEngine(epoch int64) error {
	cfg := s.cfg.Engine
	cfg.Seed = uint64(epoch)
	eng, err := engine.New(cfg, s.policy)
	if err != nil {
		return err
	}
	var recorded *journal.Writer
	if s.cfg.Journal != "" {
		header, err := s.journalHeader(cfg)
		if err != nil {
			return fmt.Errorf("open journal: %w", err)
		}
		if recorded, err = journal.Open(s.cfg.Journal, s.cfg.JournalSize, header); err != nil {
			return fmt.Errorf("open journal: %w; --journal takes a folder", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.eng, s.journal = epoch, eng, recorded
	return nil
}

// adoptNode announces the epoch, from which on the node refuses an earlier
// scheduler, and only then asks what is there.
func (s *Server) adoptNode(n *node) {
	stats, err := s.askNode(n, s.epoch)
	if err != nil {
		s.fenced(err)
		s.log.Warn("adopt node failed", zap.String("node", n.desc.GetId()), zap.Error(err))
	}
	s.addNode(n, 0)
	for _, c := range stats.GetContainerStatsList() {
		if c.GetState() == "creating" || c.GetState() == "stopping" {
			continue // it goes by itself: who wanted it is gone
		}
		s.step(&engine.Event{
			Kind:      engine.ContainerAdopted,
			Node:      engine.NodeID(n.desc.GetId()),
			Container: engine.ContainerID(c.GetContainerId()),
			Function: engine.FunctionSpec{
				Name: c.GetFunctionName(), Memory: engine.Bytes(c.GetTotalMemoryInBytes()),
				Timeout: time.Duration(c.GetTimeoutInMs()) * time.Millisecond, Concurrency: int(c.GetConcurrency()),
			},
			InFlight: int(c.GetInFlight()),
		})
	}
	s.log.Info("adopted node", zap.String("node", n.desc.GetId()), zap.Int("containers", len(stats.GetContainerStatsList())))
}

func (s *Server) askNode(n *node, epoch int64) (*nodeservicepb.GetStatsReply, error) {
	ctx, cancel := context.WithTimeout(s.ctx, adoptTimeout)
	defer cancel()
	return n.client.GetStats(ctx, &nodeservicepb.GetStatsRequest{RequestId: uuid.NewString(), Epoch: epoch})
}
