package scheduler

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// harness is a scheduler that serves calls.
type harness struct {
	schedulerpb.SchedulerClient
	server *Server
	rpc    *grpc.Server
	stop   context.CancelFunc // ends Run
	ran    chan struct{}      // closed when Run has ended
	err    error              // what it gave, once ran is closed
}

// start runs a scheduler until the test ends. It need not be ready.
func start(t testing.TB, cfg Config) *harness {
	t.Helper()
	if cfg.Policy == "" {
		cfg.Policy = "adaptive"
	}
	cfg.Log = zap.NewNop()
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{server: server, ran: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	go func() {
		defer close(h.ran)
		h.err = server.Run(ctx)
	}()
	var address string
	h.rpc, address = listen(t, "", func(s *grpc.Server) { schedulerpb.RegisterSchedulerServer(s, server) })
	conn, err := rpc.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	h.SchedulerClient = schedulerpb.NewSchedulerClient(conn)
	t.Cleanup(func() {
		cancel()
		<-h.ran
		conn.Close()
	})
	return h
}

// ready is start, and waits until calls are answered.
func ready(t testing.TB, cfg Config) *harness {
	t.Helper()
	h := start(t, cfg)
	select {
	case <-h.server.Running():
	case <-h.ran:
		t.Fatalf("the scheduler has ended: %v", h.err)
	}
	return h
}

func request(id, function string) *schedulerpb.AcquireContainerRequest {
	return &schedulerpb.AcquireContainerRequest{
		RequestId: id, FunctionName: function,
		FunctionConfig: &schedulerpb.FunctionConfig{MemoryInBytes: 128 << 20, TimeoutInMs: 60_000, Concurrency: 1},
	}
}

func (h *harness) acquire(t testing.TB, id, function string) *schedulerpb.AcquireContainerReply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	reply, err := h.AcquireContainer(ctx, request(id, function))
	if err != nil {
		t.Fatalf("acquire %s for %s: %v", function, id, err)
	}
	return reply
}

// acquireLater acquires in the background; the answer comes down the channel.
func (h *harness) acquireLater(ctx context.Context, id, function string) <-chan result {
	answered := make(chan result, 1)
	go func() {
		reply, err := h.AcquireContainer(ctx, request(id, function))
		answered <- result{reply, err}
	}()
	return answered
}

type result struct {
	reply *schedulerpb.AcquireContainerReply
	err   error
}

func (h *harness) giveBack(t testing.TB, id string, lease *schedulerpb.AcquireContainerReply, lost bool) {
	t.Helper()
	_, err := h.ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{
		RequestId: id, ContainerId: lease.GetContainerId(), DurationInNanos: int64(time.Millisecond), MaxMemoryUsageInBytes: 1 << 20, ContainerLost: lost,
	})
	if err != nil {
		t.Fatalf("return %s of %s: %v", lease.GetContainerId(), id, err)
	}
}

func (h *harness) status(t testing.TB) *schedulerpb.GetStatusReply {
	t.Helper()
	reply, err := h.GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// queued is how many calls wait, of all functions.
func (h *harness) queued(t testing.TB) (n int) {
	for _, f := range h.status(t).GetFunctions() {
		n += int(f.GetQueueDepth())
	}
	return n
}

// tally counts by key; it is safe for concurrent use.
type tally struct {
	mu     sync.Mutex // guards counts
	counts map[string]int
}

func (c *tally) add(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[key]++
	return c.counts[key]
}

func (c *tally) of(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[key]
}
