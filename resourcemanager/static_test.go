package resourcemanager_test

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/minifaas/minifaas/internal/rpc"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
	"github.com/minifaas/minifaas/resourcemanager/provider/static"
)

// serveNode runs a node at address until it is stopped or the test ends.
func serveNode(t *testing.T, address string) (at string, stop func()) {
	t.Helper()
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = nodetest.Serve(ctx, lis)
	}()
	stop = func() { cancel(); <-served }
	t.Cleanup(stop)
	return lis.Addr().String(), stop
}

func staticPool(t *testing.T, dir string, addresses ...string) *pool {
	t.Helper()
	nodes, err := static.New(addresses)
	if err != nil {
		t.Fatal(err)
	}
	cfg := resourcemanager.DefaultConfig()
	cfg.Provider = nodes
	cfg.StateDir = dir
	cfg.Initial, cfg.Max = len(addresses), len(addresses)
	cfg.RefillDelay = 0
	cfg.LostAfter = 900 * time.Millisecond
	cfg.StartTimeout = 2 * time.Second
	return run(t, cfg)
}

func TestStaticNodes(t *testing.T) {
	a, stopA := serveNode(t, "127.0.0.1:0")
	b, stopB := serveNode(t, "127.0.0.1:0")
	stop := map[string]func(){a: stopA, b: stopB}
	p := staticPool(t, t.TempDir(), a, b)
	first, second := p.reserve("x"), p.reserve("y")
	if first.NodeServicePort == second.NodeServicePort {
		t.Errorf("one machine lent twice: %v and %v", first, second)
	}
	_, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{})
	wantCode(t, err, codes.ResourceExhausted)

	addContainer(t, first, "c")
	p.release(first.Id)
	if left := stats(t, first).ContainerStatsList; len(left) != 0 {
		t.Errorf("a released node still has %v", left)
	}

	// A machine goes down and comes back, with what it had before.
	next := p.watch()
	down := rpc.HostPort(second.Address, second.NodeServicePort)
	stop[down]()
	if lost := next(resourcemanagerpb.NodeEvent_KIND_LOST); lost.Node.GetId() != second.Id {
		t.Errorf("lost %v", lost)
	}
	_, _ = serveNode(t, down)
	p.awaitAvailable(2)
}

// Machines that stay are emptied when the ResourceManager comes and goes.
func TestStaticNodesAreEmptied(t *testing.T) {
	a, _ := serveNode(t, "127.0.0.1:0")
	dir := t.TempDir()
	p := staticPool(t, dir, a)
	n := p.reserve("x")
	addContainer(t, n, "c")
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if left := stats(t, n).ContainerStatsList; len(left) != 0 {
		t.Errorf("at the end: %v", left)
	}
	addContainer(t, n, "c")
	staticPool(t, dir, a)
	if left := stats(t, n).ContainerStatsList; len(left) != 0 {
		t.Errorf("at the start: %v", left)
	}
}

func TestStaticAddressesAreChecked(t *testing.T) {
	for _, bad := range [][]string{nil, {"host"}, {"host:0"}, {":1"}, {"host:x"}, {"a:1", "a:1"}} {
		if _, err := static.New(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
