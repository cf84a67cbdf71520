package resourcemanager_test

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
)

func stats(t *testing.T, n *resourcemanagerpb.NodeDesc) *nodeservicepb.GetStatsReply {
	t.Helper()
	reply, err := node(t, n).GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func node(t *testing.T, n *resourcemanagerpb.NodeDesc) nodeservicepb.NodeServiceClient {
	t.Helper()
	conn, err := rpc.Dial(rpc.HostPort(n.Address, n.NodeServicePort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return nodeservicepb.NewNodeServiceClient(conn)
}

func addContainer(t *testing.T, n *resourcemanagerpb.NodeDesc, name string) {
	t.Helper()
	if _, err := node(t, n).CreateContainer(t.Context(), &nodeservicepb.CreateContainerRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
}

func TestReserveUntilExhausted(t *testing.T) {
	p := newPool(t, t.TempDir(), nil)
	before := time.Now().UnixMilli()
	first := p.reserve("someone")
	if first.Id != "n01.1" || first.Address != "127.0.0.1" || first.MemoryInBytes != 3072<<20 || first.CpuInMillis != 2000 {
		t.Errorf("node = %v", first)
	}
	if first.ReservedTimeTimestampMs < before || first.ReleasedTimeTimestampMs != 0 {
		t.Errorf("reserved at %d, released at %d, want after %d and not at all", first.ReservedTimeTimestampMs, first.ReleasedTimeTimestampMs, before)
	}
	if got := stats(t, first).OwnerAccountId; got != "someone" {
		t.Errorf("the node's owner is %q", got)
	}
	second := p.reserve("") // an empty account and request will do
	if second.Id != "n02.1" || second.NodeServicePort == first.NodeServicePort {
		t.Errorf("second node = %v", second)
	}

	asked := time.Now()
	_, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{})
	if took := time.Since(asked); took > time.Second {
		t.Errorf("the refusal took %v", took)
	}
	wantCode(t, err, codes.ResourceExhausted)
	if got, want := status.Convert(err).Message(), "no available node can be reserved"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

func TestReserveConcurrently(t *testing.T) {
	p := newPool(t, t.TempDir(), nil)
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex // guards ids
		ids = map[string]bool{}
	)
	for range 20 {
		wg.Go(func() {
			reply, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{})
			if err != nil {
				wantCode(t, err, codes.ResourceExhausted)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[reply.Node.Id] = true
		})
	}
	wg.Wait()
	if len(ids) != 2 {
		t.Errorf("reserved %v, want 2 different nodes", ids)
	}
}

func TestRelease(t *testing.T) {
	p := newPool(t, t.TempDir(), nil)
	n := p.reserve("a")
	addContainer(t, n, "c")
	before := stats(t, n)
	p.release(n.Id)
	after := stats(t, n)
	if len(before.ContainerStatsList) != 1 || len(after.ContainerStatsList) != 0 || before.LiveId == after.LiveId {
		t.Errorf("stats before %v, after %v: want no container and another live_id", before, after)
	}
	p.release(n.Id) // a second time is OK
	_, err := p.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: "n09.9"})
	wantCode(t, err, codes.NotFound)

	usage := p.usage()
	if len(usage) != 1 || usage[0].Id != n.Id || usage[0].ReleasedTimeTimestampMs < usage[0].ReservedTimeTimestampMs || usage[0].ReleasedTimeTimestampMs == 0 {
		t.Fatalf("usage = %v", usage)
	}
	p.awaitAvailable(2)
	if again := p.reserve("a"); again.Id != "n01.2" {
		t.Errorf("reserved again as %s", again.Id)
	}
	if usage := p.usage(); len(usage) != 2 || usage[1].ReleasedTimeTimestampMs != 0 {
		t.Errorf("usage = %v", usage)
	}
}

func TestReleaseConcurrently(t *testing.T) {
	p := newPool(t, t.TempDir(), nil)
	n := p.reserve("")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := p.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: n.Id}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A reservation adds a node to the pool, until there are enough.
func TestRefill(t *testing.T) {
	p := newPool(t, t.TempDir(), func(c *resourcemanager.Config) { c.Initial, c.Max = 1, 2 })
	p.reserve("")
	p.awaitAvailable(1)
	if n := p.reserve(""); n.Id != "n02.1" {
		t.Errorf("second node = %v", n)
	}
	_, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{})
	wantCode(t, err, codes.ResourceExhausted)
}

// A node that does not take its owner is given up, and another one tried.
func TestReserveOfAFailingNode(t *testing.T) {
	for _, account := range []string{nodetest.RefusingAccount, nodetest.HangingAccount} {
		t.Run(account, func(t *testing.T) {
			p := newPool(t, t.TempDir(), func(c *resourcemanager.Config) { c.ReserveTimeout = 100 * time.Millisecond })
			old := p.process("n01")
			_, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{AccountId: account})
			wantCode(t, err, codes.ResourceExhausted) // both nodes have failed
			dies(t, old, 5*time.Second)
			p.awaitAvailable(2)
			if n := p.reserve("somebody"); n.Id != "n01.1" {
				t.Errorf("node = %v: what was never lent must not count", n)
			}
			if usage := p.usage(); len(usage) != 1 {
				t.Errorf("usage = %v", usage)
			}
		})
	}
}

// A node that can't be emptied is killed: its containers end all the same.
func TestReleaseOfAStuckNode(t *testing.T) {
	p := newPool(t, t.TempDir(), nil)
	n := p.reserve("")
	addContainer(t, n, nodetest.StuckContainer)
	old := p.process("n01")
	p.release(n.Id)
	dies(t, old, 5*time.Second)
	if usage := p.usage(); usage[0].ReleasedTimeTimestampMs == 0 || usage[0].Lost {
		t.Errorf("usage = %v, want released and not lost", usage)
	}
	p.awaitAvailable(2)
	if n := p.reserve(""); n.Id != "n01.2" || len(stats(t, n).ContainerStatsList) != 0 {
		t.Errorf("node = %v", n)
	}
}

// One reservation and one release, each with its call to the node and its
// entry on disk, over loopback.
func BenchmarkReserveRelease(b *testing.B) {
	p := newPool(b, b.TempDir(), func(c *resourcemanager.Config) { c.Initial, c.Max, c.RefillDelay = 1, 1, 0 })
	for b.Loop() {
		p.release(p.reserve("").Id)
	}
}
