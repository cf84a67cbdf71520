package simulated_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	"github.com/minifaas/minifaas/resourcemanager/provider"
	"github.com/minifaas/minifaas/resourcemanager/provider/simulated"
)

// patience is long enough for anything that is to happen at once.
const patience = 20 * time.Second

// service is a node whose GetStats says its name, and whose Reserve takes until
// finish is closed or its caller is gone.
type service struct {
	nodeservicepb.UnimplementedNodeServiceServer
	name          string
	begun, finish chan struct{}
	stopping      chan struct{} // closed when the node is told to end
}

// server tells its service when it is told to end.
type server struct {
	*rpc.Server
	service *service
}

func (s server) Serve(ctx context.Context, lis net.Listener) error {
	defer context.AfterFunc(ctx, func() { close(s.service.stopping) })()
	return s.Server.Serve(ctx, lis)
}

func (s *service) GetStats(context.Context, *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error) {
	return &nodeservicepb.GetStatsReply{LiveId: s.name}, nil
}

func (s *service) Reserve(ctx context.Context, _ *nodeservicepb.ReserveRequest) (*nodeservicepb.ReserveReply, error) {
	close(s.begun)
	select {
	case <-s.finish:
		return &nodeservicepb.ReserveReply{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start starts a node and connects to it.
func start(t *testing.T, name string) (provider.Node, *service, nodeservicepb.NodeServiceClient) {
	t.Helper()
	s := &service{begun: make(chan struct{}), finish: make(chan struct{}), stopping: make(chan struct{})}
	nodes, err := simulated.New(simulated.Config{New: func(name string) (simulated.Server, error) {
		s.name = name
		served := server{rpc.NewServer(rpc.ServerConfig{Log: zap.NewNop()}), s}
		nodeservicepb.RegisterNodeServiceServer(served, s)
		return served, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	node, err := nodes.Start(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		node.Kill()
		await(t, node.Done(), "the node's end")
	})
	conn, err := rpc.Dial(rpc.HostPort(node.Address(), int64(node.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return node, s, nodeservicepb.NewNodeServiceClient(conn)
}

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}

// running begins a call that goes on until the service is told to finish.
func running(t *testing.T, s *service, client nodeservicepb.NodeServiceClient) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := client.Reserve(t.Context(), &nodeservicepb.ReserveRequest{})
		ended <- err
	}()
	await(t, s.begun, "the call to begin")
	return ended
}

func TestNodesServeEachAtItsOwnPort(t *testing.T) {
	a, _, clientA := start(t, "n01")
	b, _, clientB := start(t, "n02")
	if a.Port() == b.Port() {
		t.Errorf("both are at port %d", a.Port())
	}
	for client, want := range map[nodeservicepb.NodeServiceClient]string{clientA: "n01", clientB: "n02"} {
		stats, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil || stats.GetLiveId() != want {
			t.Errorf("stats of %s: %v, %v", want, stats, err)
		}
	}
	if a.Err() != nil {
		t.Errorf("a node that serves has ended: %v", a.Err())
	}
}

func TestStopLetsCallsFinish(t *testing.T) {
	node, s, client := start(t, "n01")
	ended := running(t, s, client)
	stopped := make(chan error, 1)
	go func() { stopped <- node.Stop(t.Context()) }()
	await(t, s.stopping, "the node to be told")
	close(s.finish)
	if err := <-ended; err != nil {
		t.Errorf("the call: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	if node.Err() == nil {
		t.Error("a node that has ended does not say so")
	}
}

// TestStopEndsInTime: a call that does not finish is cut off when the context ends.
func TestStopEndsInTime(t *testing.T) {
	node, s, client := start(t, "n01")
	ended := running(t, s, client)
	late := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(late)
	if err := node.Stop(ctx); !errors.Is(err, late) {
		t.Errorf("stop: %v, want that it was %v", err, late)
	}
	if err := <-ended; status.Code(err) != codes.Unavailable {
		t.Errorf("the call: %v, want UNAVAILABLE", err)
	}
}

// TestKilledNodeLeavesItsPort, so that nobody who has its address meets another.
func TestKilledNodeLeavesItsPort(t *testing.T) {
	node, s, client := start(t, "n01")
	ended := running(t, s, client)
	node.Kill()
	node.Kill() // again is legal
	await(t, node.Done(), "the node's death")
	if err := <-ended; status.Code(err) != codes.Unavailable {
		t.Errorf("the call: %v, want UNAVAILABLE", err)
	}
	if _, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a call of a dead node: %v, want UNAVAILABLE", err)
	}
}

func TestFaults(t *testing.T) {
	if _, err := simulated.New(simulated.Config{}); err == nil {
		t.Error("a provider that can't make nodes")
	}
	reason := errors.New("no such model")
	nodes, err := simulated.New(simulated.Config{New: func(string) (simulated.Server, error) { return nil, reason }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nodes.Start("n01"); !errors.Is(err, reason) {
		t.Errorf("start: %v, want %v", err, reason)
	}
	if _, err := nodes.Adopt("n01", nil); err == nil {
		t.Error("adopted a node that can't be there")
	}
	elsewhere, err := simulated.New(simulated.Config{Listen: "203.0.113.1", New: func(string) (simulated.Server, error) { return nil, reason }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Start("n01"); err == nil || !strings.Contains(err.Error(), "203.0.113.1") {
		t.Errorf("start at an address of another machine: %v", err)
	}
}
