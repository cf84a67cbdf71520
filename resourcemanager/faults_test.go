package resourcemanager_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
)

// Tenants come and go while nodes are killed and stopped under them. In the
// end every reservation is over, each node had one tenant at a time, and the
// pool is as large as it was.
func TestRandomFaults(t *testing.T) {
	const size = 4
	p := newPool(t, t.TempDir(), func(c *resourcemanager.Config) {
		c.Initial, c.Max, c.RefillDelay = size, size, 0
		c.StartTimeout = 2 * time.Second // of one that is stopped while it starts
		c.LostAfter = 900 * time.Millisecond
	})
	var tenants sync.WaitGroup
	for range size {
		tenants.Go(func() {
			for range 40 {
				reply, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{})
				if status.Code(err) == codes.ResourceExhausted {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				if err == nil {
					_, err = p.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: reply.Node.Id})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(7, 7))
	for i := range 8 {
		sig := unix.SIGKILL
		if i%4 == 3 {
			sig = unix.SIGSTOP
		}
		// The node may be between two lives.
		if proc, err := p.find([]string{"n01", "n02", "n03", "n04"}[r.IntN(size)]); err == nil {
			_ = proc.Signal(sig)
		}
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
	}
	tenants.Wait()
	p.awaitAvailable(size)

	ends := map[string]int64{}
	for _, n := range p.usage() {
		if n.ReleasedTimeTimestampMs == 0 {
			t.Errorf("%v is not over", n)
		}
		node := n.Id[:3]
		if n.ReservedTimeTimestampMs < ends[node] {
			t.Errorf("%s begins before the tenant before has left", n.Id)
		}
		ends[node] = n.ReleasedTimeTimestampMs
	}
}
