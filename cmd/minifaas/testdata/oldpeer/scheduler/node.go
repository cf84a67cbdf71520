package main

import (
	"fmt"
	"time"

	"golang.org/x/net/context"

	"oldpeer/wire"
)

// pollInterval makes 50 questions a second of each node.
const pollInterval = 20 * time.Millisecond

type node struct {
	desc   *wire.NodeDesc
	client wire.Client
	// free is what is not promised to containers, in bytes; guarded by scheduler.mu.
	free int64
}

// reserve gets one more node. The caller does not hold mu.
func (s *scheduler) reserve() error {
	reply, err := s.resourceManager.ReserveNode(context.Background(), &wire.ReserveNodeRequest{})
	if err != nil {
		return err
	}
	client, err := dial(fmt.Sprintf("%s:%d", reply.Node.Address, reply.Node.NodeServicePort))
	if err != nil {
		return err
	}
	n := &node{desc: reply.Node, client: client, free: reply.Node.MemoryInBytes}
	s.mu.Lock()
	s.nodes = append(s.nodes, n)
	s.counts.Nodes++
	s.mu.Unlock()
	go s.poll(n)
	return nil
}

// poll asks the node how it is, for ever. Like its models it takes for granted
// that the answer has node_stats.
func (s *scheduler) poll(n *node) {
	for range time.Tick(pollInterval) {
		reply, err := n.client.GetStats(context.Background(), &wire.GetStatsRequest{})
		if err != nil {
			continue
		}
		available := reply.NodeStats.AvailableMemoryInBytes
		s.mu.Lock()
		s.counts.Polls++
		if available <= 0 {
			s.counts.Implausible++
		}
		s.mu.Unlock()
	}
}
