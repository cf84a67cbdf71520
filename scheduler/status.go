package scheduler

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// status copies the engine's state; false before there is any.
func (s *Server) status() (engine.Status, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.eng == nil {
		return engine.Status{}, false
	}
	return s.eng.Status(), true
}

// GetStatus reports what the scheduler knows and has decided.
func (s *Server) GetStatus(context.Context, *schedulerpb.GetStatusRequest) (*schedulerpb.GetStatusReply, error) {
	st, ok := s.status()
	if !ok {
		return nil, status.Error(codes.Unavailable, "the scheduler is starting")
	}
	c := st.Counters
	reply := &schedulerpb.GetStatusReply{
		Policy: st.Policy,
		Epoch:  s.epoch,
		Counters: &schedulerpb.Counters{
			Acquired: c.Acquired, Refused: c.Refused, Canceled: c.Canceled, Returned: c.Returned, ColdStarts: c.ColdStarts,
			LeasesActive: c.LeasesActive, LeasesExpired: c.LeasesExpired,
			ContainersCreated: c.ContainersCreated, ContainersFailed: c.ContainersFailed,
			ContainersLost: c.ContainersLost, ContainersRemoved: c.ContainersRemoved,
			NodesReserved: c.NodesReserved, NodesReleased: c.NodesReleased, NodesLost: c.NodesLost,
		},
	}
	for _, n := range st.Nodes {
		reply.Nodes = append(reply.Nodes, s.nodeStatus(n))
	}
	for _, f := range st.Functions {
		reply.Functions = append(reply.Functions, &schedulerpb.FunctionStatus{
			FunctionName: f.Name, QueueDepth: int32(f.QueueDepth), InFlight: int32(f.InFlight),
			Containers: int32(f.Containers), Creating: int32(f.Creating),
		})
	}
	return reply, nil
}

func (s *Server) nodeStatus(n engine.NodeStatus) *schedulerpb.NodeStatus {
	ns := &schedulerpb.NodeStatus{
		NodeId: string(n.ID), State: n.State,
		CapacityInBytes: int64(n.Capacity), ReservedInBytes: int64(n.Reserved),
	}
	s.mu.Lock()
	if known := s.nodes[n.ID]; known != nil {
		ns.Address, ns.Port = known.desc.GetAddress(), known.desc.GetNodeServicePort()
	}
	s.mu.Unlock()
	for _, c := range n.Containers {
		id := string(c.ID)
		if id == "" {
			id = string(c.Name)
		}
		ns.Containers = append(ns.Containers, &schedulerpb.ContainerStatus{
			ContainerId: id, FunctionName: c.Function, State: c.State,
			InFlight: int32(c.InFlight), MemoryInBytes: int64(c.Memory), IdleNanos: int64(c.Idle),
		})
	}
	return ns
}
