package scheduler

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// manager is a ResourceManager that lends the nodes that a test gives it.
type manager struct {
	resourcemanagerpb.UnimplementedResourceManagerServer
	address string
	server  *grpc.Server
	// foreign: it has no WatchNodes.
	foreign bool

	mu       sync.Mutex // guards what follows
	free     []*resourcemanagerpb.NodeDesc
	lent     []*resourcemanagerpb.NodeDesc
	asked    int // calls of ReserveNode
	released []string
	watchers []chan *resourcemanagerpb.NodeEvent
	// What the next calls fail with, one after the other.
	reserveErrors, usageErrors []error
}

// listen serves on the address; an empty one is chosen.
func listen(t testing.TB, address string, register func(*grpc.Server)) (*grpc.Server, string) {
	t.Helper()
	if address == "" {
		address = "127.0.0.2:0"
	}
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	return server, lis.Addr().String()
}

func newManager(t testing.TB, nodes ...*fakeNode) *manager {
	m := &manager{}
	for _, n := range nodes {
		m.free = append(m.free, n.desc)
	}
	m.serve(t)
	return m
}

// serve starts it, also after server.Stop.
func (m *manager) serve(t testing.TB) {
	m.server, m.address = listen(t, m.address, func(s *grpc.Server) { resourcemanagerpb.RegisterResourceManagerServer(s, m) })
}

// next takes the first of a list of failures.
func next(failures *[]error) (err error) {
	if len(*failures) > 0 {
		err, *failures = (*failures)[0], (*failures)[1:]
	}
	return err
}

func (m *manager) ReserveNode(context.Context, *resourcemanagerpb.ReserveNodeRequest) (*resourcemanagerpb.ReserveNodeReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if err := next(&m.reserveErrors); err != nil {
		return nil, err
	}
	if len(m.free) == 0 {
		return nil, status.Error(codes.ResourceExhausted, "no available node can be reserved")
	}
	node := m.free[0]
	m.free = m.free[1:]
	m.lent = append(m.lent, node)
	return &resourcemanagerpb.ReserveNodeReply{Node: node}, nil
}

func (m *manager) ReleaseNode(_ context.Context, req *resourcemanagerpb.ReleaseNodeRequest) (*resourcemanagerpb.ReleaseNodeReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = append(m.released, req.GetId())
	m.forget(req.GetId())
	return &resourcemanagerpb.ReleaseNodeReply{}, nil
}

func (m *manager) forget(id string) {
	m.lent = slices.DeleteFunc(m.lent, func(n *resourcemanagerpb.NodeDesc) bool { return n.GetId() == id })
}

func (m *manager) GetNodesUsage(context.Context, *resourcemanagerpb.GetNodesUsageRequest) (*resourcemanagerpb.GetNodesUsageReply, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := next(&m.usageErrors); err != nil {
		return nil, err
	}
	return &resourcemanagerpb.GetNodesUsageReply{Nodes: slices.Clone(m.lent)}, nil
}

func (m *manager) WatchNodes(_ *resourcemanagerpb.WatchNodesRequest, stream grpc.ServerStreamingServer[resourcemanagerpb.NodeEvent]) error {
	if m.foreign {
		return status.Error(codes.Unimplemented, "unknown method WatchNodes")
	}
	events := make(chan *resourcemanagerpb.NodeEvent, 16)
	m.mu.Lock()
	m.watchers = append(m.watchers, events)
	m.mu.Unlock()
	events <- &resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_WATCHING}
	for {
		select {
		case ev := <-events:
			if err := stream.Send(ev); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// tell reports an event to all who watch.
func (m *manager) tell(ev *resourcemanagerpb.NodeEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ev.GetKind() == resourcemanagerpb.NodeEvent_KIND_LOST {
		m.forget(ev.GetNode().GetId())
	}
	for _, events := range m.watchers {
		select {
		case events <- ev:
		default: // its scheduler has left
		}
	}
}

// look runs read while nothing changes.
func (m *manager) look(read func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	read()
}

// eventually waits for what other goroutines are about to bring about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// await receives what another goroutine is about to send, or close.
func await[T any](t testing.TB, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain: %s", what)
	}
	return got
}

func wantCode(t testing.TB, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v, want %v: %v", got, want, err)
	}
}

func nodeID(i int) string { return fmt.Sprintf("node-%d", i) }
