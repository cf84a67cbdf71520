package scheduler

import (
	"context"

	"go.uber.org/zap"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// settle gives back nodes that a failed ReserveNode has lent all the same, its
// answer being lost: nobody uses them, and they would be paid for until the
// scheduler is restarted. It tries again later when that can't be told now.
func (s *Server) settle() {
	s.mu.Lock()
	if !s.unsettled || s.reserving > 0 {
		s.mu.Unlock()
		return
	}
	s.unsettled = false
	reserved := s.reserved
	known := map[string]bool{}
	for id := range s.nodes {
		known[string(id)] = true
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(s.ctx, reserveTimeout)
	defer cancel()
	usage, err := s.rm.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
	s.mu.Lock()
	// A node lent meanwhile is in the accounts, but not among the known.
	s.unsettled = s.unsettled || err != nil || s.reserving > 0 || s.reserved != reserved
	again := s.unsettled
	s.mu.Unlock()
	if again {
		return
	}
	for _, desc := range usage.GetNodes() {
		if desc.GetReleasedTimeTimestampMs() == 0 && !known[desc.GetId()] {
			s.log.Warn("a node was lent without an answer; giving it back", zap.String("node", desc.GetId()))
			s.giveBack(&node{desc: desc})
		}
	}
}
