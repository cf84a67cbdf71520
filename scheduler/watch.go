package scheduler

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// maxUnanswered is how many polls in a row a node may leave unanswered before
// it counts as lost, where ResourceManager does not say so earlier.
const maxUnanswered = 5

// rewatch is the pause before a ResourceManager that has failed is asked again.
const rewatch = 200 * time.Millisecond

// watchNodes listens to ResourceManager until the scheduler stops. One that
// does not know WatchNodes leaves the losses to pollStats.
func (s *Server) watchNodes() {
	for s.ctx.Err() == nil {
		err := s.watchOnce()
		if status.Code(err) == codes.Unimplemented {
			s.log.Info("the resource manager has no WatchNodes; node losses are found by polling")
			return
		}
		select {
		case <-time.After(rewatch):
		case <-s.ctx.Done():
		}
	}
}

func (s *Server) watchOnce() error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	events, err := s.rm.WatchNodes(ctx, &resourcemanagerpb.WatchNodesRequest{})
	if err != nil {
		return err
	}
	for {
		ev, err := events.Recv()
		if err != nil {
			return err
		}
		switch ev.GetKind() {
		case resourcemanagerpb.NodeEvent_KIND_WATCHING:
			// What happened between two watches is in the accounts.
			if err := s.dropLost(ctx); err != nil {
				return err
			}
		case resourcemanagerpb.NodeEvent_KIND_LOST:
			s.lose(ev.GetNode().GetId())
		case resourcemanagerpb.NodeEvent_KIND_AVAILABLE:
			if ev.GetAvailable() > 0 {
				s.step(&engine.Event{Kind: engine.NodeAvailable})
			}
		}
	}
}

// dropLost forgets the nodes that ResourceManager does not count as lent any more.
func (s *Server) dropLost(ctx context.Context) error {
	known := s.snapshotNodes()
	usage, err := s.rm.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
	if err != nil {
		return err
	}
	lent := map[string]bool{}
	for _, desc := range usage.GetNodes() {
		lent[desc.GetId()] = desc.GetReleasedTimeTimestampMs() == 0
	}
	for _, n := range known {
		if !lent[n.desc.GetId()] {
			s.lose(n.desc.GetId())
		}
	}
	return nil
}

func (s *Server) lose(id string) {
	s.mu.Lock()
	n := s.nodes[engine.NodeID(id)]
	s.mu.Unlock()
	if n == nil {
		return
	}
	s.log.Warn("node lost", zap.String("node", id))
	s.removeNode(n, engine.NodeLost)
}

// pollStats asks every node for its statistics once an interval.
func (s *Server) pollStats() {
	ticker := time.NewTicker(s.cfg.StatsInterval)
	defer ticker.Stop()
	journalFailed := false
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		s.settle()
		if err := s.journal.Err(); err != nil && !journalFailed {
			journalFailed = true
			s.log.Error("the journal is incomplete from here on", zap.Error(err))
		}
		s.pollNodes()
	}
}

// pollNodes asks one node after the other, in most of an interval: hundreds asked
// at once would hold up the calls that come in that moment. None waits for the
// answer of another.
func (s *Server) pollNodes() {
	nodes := s.snapshotNodes()
	if len(nodes) == 0 {
		return
	}
	// Each node's turn comes an interval after its last one, wherever nodes come and go.
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.desc.GetId(), b.desc.GetId()) })
	pause := time.NewTicker(max(1, s.cfg.StatsInterval*3/4/time.Duration(len(nodes))))
	defer pause.Stop()
	var polls sync.WaitGroup
	defer polls.Wait()
	for i, n := range nodes {
		if i > 0 {
			select {
			case <-pause.C:
			case <-s.ctx.Done():
				return
			}
		}
		polls.Go(func() { s.pollNode(n) })
	}
}

func (s *Server) pollNode(n *node) {
	ctx, cancel := context.WithTimeout(n.ctx, max(s.cfg.StatsInterval, time.Second))
	defer cancel()
	since := s.now()
	stats, err := n.client.GetStats(ctx, &nodeservicepb.GetStatsRequest{Epoch: s.epoch})
	if err != nil {
		s.fenced(err)
		if n.unanswered++; n.unanswered >= maxUnanswered && n.ctx.Err() == nil {
			s.lose(n.desc.GetId())
			s.effects.Go(func() { s.giveBack(n) })
		}
		return
	}
	n.unanswered = 0
	ev := engine.Event{
		Kind: engine.Stats, Node: engine.NodeID(n.desc.GetId()), Since: since,
		Named: stats.GetEpoch() != 0, // a foreign node knows no epochs, nor names
	}
	for _, c := range stats.GetContainerStatsList() {
		ev.Containers = append(ev.Containers, engine.ContainerStat{
			Container: engine.ContainerID(c.GetContainerId()),
			Name:      engine.Name(c.GetName()),
			InFlight:  int(c.GetInFlight()),
		})
	}
	ready := stats.GetReadySandboxes()
	for _, kind := range slices.Sorted(maps.Keys(ready)) {
		ev.Sandboxes = append(ev.Sandboxes, engine.SandboxStat{Kind: kind, Ready: int(ready[kind])})
	}
	s.step(&ev)
}

// giveBack releases a node that does not answer, so that nobody pays for it.
// When that fails it is left to settle.
func (s *Server) giveBack(n *node) {
	ctx, cancel := context.WithTimeout(s.ctx, releaseTimeout)
	defer cancel()
	_, err := s.rm.ReleaseNode(ctx, &resourcemanagerpb.ReleaseNodeRequest{Id: n.desc.GetId()})
	if err == nil || status.Code(err) == codes.NotFound {
		return
	}
	s.log.Warn("release of a lost node failed; trying again later", zap.String("node", n.desc.GetId()), zap.Error(err))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsettled = true
}
