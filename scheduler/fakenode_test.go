package scheduler

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// nodeMemory is what a node of the tests offers, in bytes.
const nodeMemory = 1 << 30

// fakeNode is a NodeService whose containers do nothing. Its hooks are set
// before the scheduler starts; nil ones let everything pass.
type fakeNode struct {
	nodeservicepb.UnimplementedNodeServiceServer
	desc   *resourcemanagerpb.NodeDesc
	server *grpc.Server
	// create decides what becomes of CreateContainer; it may block.
	create func(context.Context, *nodeservicepb.CreateContainerRequest) error
	// remove decides what becomes of RemoveContainer.
	remove func(*nodeservicepb.RemoveContainerRequest) error
	// phases are what it says of each creation; nil ones are left out.
	phases *nodeservicepb.CreationPhases
	// waiting are the sandboxes that it says it has ready.
	waiting map[string]int32
	// resize answers ResizeContainer; nil: it has none.
	resize func(*nodeservicepb.ResizeContainerRequest) error
	// asked hears of GetStats, with mu held.
	asked func(epoch int64)

	mu         sync.Mutex // guards what follows
	epoch      int64
	made       int
	containers []*nodeservicepb.ContainerStats
}

func newFakeNode(t testing.TB, id string) *fakeNode {
	n := &fakeNode{}
	var address string
	n.server, address = listen(t, "", func(s *grpc.Server) { nodeservicepb.RegisterNodeServiceServer(s, n) })
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseInt(port, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	n.desc = &resourcemanagerpb.NodeDesc{Id: id, Address: host, NodeServicePort: number, MemoryInBytes: nodeMemory}
	return n
}

// admit is the nodes' rule of epochs. n.mu is held.
func (n *fakeNode) admit(epoch int64) error {
	if epoch < n.epoch {
		return status.Errorf(codes.PermissionDenied, "epoch %d is over", epoch)
	}
	n.epoch = epoch
	return nil
}

func (n *fakeNode) CreateContainer(ctx context.Context, req *nodeservicepb.CreateContainerRequest) (*nodeservicepb.CreateContainerReply, error) {
	if n.create != nil {
		if err := n.create(ctx, req); err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.admit(req.GetEpoch()); err != nil {
		return nil, err
	}
	n.made++
	c := &nodeservicepb.ContainerStats{
		ContainerId:        fmt.Sprintf("%s-%d", n.desc.GetId(), n.made),
		Name:               req.GetName(),
		FunctionName:       req.GetFunctionMeta().GetFunctionName(),
		TotalMemoryInBytes: req.GetFunctionMeta().GetMemoryInBytes(),
		State:              "ready",
	}
	n.containers = append(n.containers, c)
	return &nodeservicepb.CreateContainerReply{ContainerId: c.GetContainerId(), Phases: n.phases}, nil
}

func (n *fakeNode) RemoveContainer(_ context.Context, req *nodeservicepb.RemoveContainerRequest) (*nodeservicepb.RemoveContainerReply, error) {
	if n.remove != nil {
		if err := n.remove(req); err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.admit(req.GetEpoch()); err != nil {
		return nil, err
	}
	for i, c := range n.containers {
		if c.GetContainerId() == req.GetContainerId() {
			n.containers = append(n.containers[:i:i], n.containers[i+1:]...)
			return &nodeservicepb.RemoveContainerReply{}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "no such container")
}

func (n *fakeNode) ResizeContainer(ctx context.Context, req *nodeservicepb.ResizeContainerRequest) (*nodeservicepb.ResizeContainerReply, error) {
	if n.resize == nil {
		return n.UnimplementedNodeServiceServer.ResizeContainer(ctx, req)
	}
	return &nodeservicepb.ResizeContainerReply{}, n.resize(req)
}

func (n *fakeNode) GetStats(_ context.Context, req *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if req.GetEpoch() != 0 {
		if err := n.admit(req.GetEpoch()); err != nil {
			return nil, err
		}
	}
	if n.asked != nil {
		n.asked(req.GetEpoch())
	}
	reply := &nodeservicepb.GetStatsReply{NodeStats: &nodeservicepb.NodeStats{}, Epoch: n.epoch, ReadySandboxes: n.waiting}
	for _, c := range n.containers {
		// A copy: the reply is sent when mu is not held any more.
		reply.ContainerStatsList = append(reply.ContainerStatsList, &nodeservicepb.ContainerStats{
			ContainerId: c.GetContainerId(), Name: c.GetName(), FunctionName: c.GetFunctionName(),
			TotalMemoryInBytes: c.GetTotalMemoryInBytes(), State: c.GetState(), InFlight: c.GetInFlight(),
		})
	}
	return reply, nil
}

// hold is a create hook that waits until release is called, and says so first.
func hold() (create func(context.Context, *nodeservicepb.CreateContainerRequest) error, begun <-chan struct{}, release func()) {
	entered, held := make(chan struct{}, 64), make(chan struct{})
	return func(ctx context.Context, _ *nodeservicepb.CreateContainerRequest) error {
		entered <- struct{}{}
		select {
		case <-held:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}, entered, sync.OnceFunc(func() { close(held) })
}
