package resourcemanager_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
	"github.com/minifaas/minifaas/resourcemanager/provider/simulated"
)

// testServer is a node of nodetest, which has nothing to cut off.
type testServer struct{}

func (testServer) Serve(ctx context.Context, lis net.Listener) error { return nodetest.Serve(ctx, lis) }
func (testServer) Stop()                                             {}

// TestSimulatedNodes: they are lent, emptied and told of like others, under ids that say what they are.
func TestSimulatedNodes(t *testing.T) {
	nodes, err := simulated.New(simulated.Config{New: func(string) (simulated.Server, error) { return testServer{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	cfg := resourcemanager.DefaultConfig()
	cfg.Provider, cfg.StateDir, cfg.IDPrefix = nodes, t.TempDir(), "simulated-"
	cfg.Initial, cfg.Max, cfg.RefillDelay = 2, 2, 0
	p := run(t, cfg)
	first, second := p.reserve("x"), p.reserve("y")
	if first.Id != "simulated-n01.1" || second.Id != "simulated-n02.1" || first.NodeServicePort == second.NodeServicePort {
		t.Errorf("lent %v and %v", first, second)
	}
	_, err = p.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: strings.TrimPrefix(first.Id, "simulated-")})
	wantCode(t, err, codes.NotFound)

	addContainer(t, first, "c")
	p.release(first.Id)
	if left := stats(t, first).ContainerStatsList; len(left) != 0 {
		t.Errorf("a released node still has %v", left)
	}
	if usage := p.usage(); len(usage) != 2 || usage[0].Id != first.Id || usage[0].ReleasedTimeTimestampMs == 0 || usage[1].Id != second.Id {
		t.Errorf("usage %v", usage)
	}
	p.awaitAvailable(1)
	if again := p.reserve("x"); again.Id != "simulated-n01.2" {
		t.Errorf("lent again as %v", again)
	}
}
