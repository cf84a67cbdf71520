package scheduler

import (
	"context"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// accountID is the owner under which the scheduler reserves nodes.
const accountID = "minifaas"

// node is a reserved node as the shell sees it: an address and a connection.
type node struct {
	desc   *resourcemanagerpb.NodeDesc
	conn   *grpc.ClientConn
	client nodeservicepb.NodeServiceClient
	// ctx ends when the node is released or lost, and with it every call to it.
	ctx    context.Context
	cancel context.CancelFunc
	// unanswered counts polls in a row without an answer; the poller alone uses it.
	unanswered int
}

func dialNode(desc *resourcemanagerpb.NodeDesc) (*node, error) {
	conn, err := rpc.Dial(rpc.HostPort(desc.GetAddress(), desc.GetNodeServicePort()))
	if err != nil {
		return nil, err
	}
	return &node{desc: desc, conn: conn, client: nodeservicepb.NewNodeServiceClient(conn)}, nil
}

// addNode makes the node known and hands it to the engine.
func (s *Server) addNode(n *node, reservation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.ctx, n.cancel = context.WithCancel(s.ctx)
	id := engine.NodeID(n.desc.GetId())
	if old := s.nodes[id]; old != nil {
		// Lent again under the same id: what the engine knows of it is over.
		s.stepLocked(&engine.Event{Kind: engine.NodeLost, Node: id})
		old.close()
	}
	s.nodes[id] = n
	s.stepLocked(&engine.Event{
		Kind: engine.NodeReady, Reservation: reservation, Node: id,
		Capacity: engine.Bytes(n.desc.GetMemoryInBytes()),
	})
}

// removeNode tells the engine why the node is gone, and forgets it.
func (s *Server) removeNode(n *node, why engine.EventKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := engine.NodeID(n.desc.GetId())
	if s.nodes[id] != n {
		return
	}
	s.stepLocked(&engine.Event{Kind: why, Node: id})
	delete(s.nodes, id)
	n.close()
}

func (n *node) close() {
	n.cancel()
	n.conn.Close()
}

// snapshotNodes lists the nodes there are now.
func (s *Server) snapshotNodes() []*node {
	s.mu.Lock()
	defer s.mu.Unlock()
	nodes := make([]*node, 0, len(s.nodes))
	for _, n := range s.nodes {
		nodes = append(nodes, n)
	}
	return nodes
}
