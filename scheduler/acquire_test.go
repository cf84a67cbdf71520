package scheduler

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

func TestColdThenWarm(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	first := h.acquire(t, "r1", "f")
	if !first.GetColdStart() || first.GetNodeId() != nodeID(1) || first.GetNodeServicePort() != node.desc.GetNodeServicePort() {
		t.Errorf("first answer: %v", first)
	}
	h.giveBack(t, "r1", first, false)
	second := h.acquire(t, "r2", "f")
	if second.GetColdStart() || second.GetContainerId() != first.GetContainerId() {
		t.Errorf("second answer: %v, want %s again", second, first.GetContainerId())
	}
	// A request that is repeated has its answer repeated.
	if again := h.acquire(t, "r2", "f"); again.GetContainerId() != second.GetContainerId() {
		t.Errorf("repeated answer: %v", again)
	}
	if c := h.status(t).GetCounters(); c.GetAcquired() != 2 || c.GetColdStarts() != 1 || c.GetLeasesActive() != 1 {
		t.Errorf("counters: %v", c)
	}
	h.giveBack(t, "r2", second, false)
	h.giveBack(t, "r2", second, false)
	h.giveBack(t, "nobody", second, false)
	if c := h.status(t).GetCounters(); c.GetReturned() != 2 || c.GetLeasesActive() != 0 {
		t.Errorf("counters after repeated returns: %v", c)
	}
}

func TestCancelLeavesTheQueue(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	create, begun, release := hold()
	node.create = create
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	ctx, leave := context.WithCancel(t.Context())
	left := h.acquireLater(ctx, "r1", "f")
	await(t, "the creation begins", begun)
	leave()
	wantCode(t, await(t, "an answer", left).err, codes.Canceled)
	eventually(t, "the queue is empty", func() bool { return h.queued(t) == 0 })
	if c := h.status(t).GetCounters(); c.GetCanceled() != 1 {
		t.Errorf("counters: %v", c)
	}
	// Its container serves the next.
	release()
	h.acquire(t, "r2", "f")
	if node.made != 1 {
		t.Errorf("%d containers made, want 1", node.made)
	}
}

// TestGrantMeetsNobody: a caller may have left when its grant comes.
func TestGrantMeetsNobody(t *testing.T) {
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address})
	h.giveBack(t, "r0", h.acquire(t, "r0", "f"), false)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 100 {
		_, err := h.server.AcquireContainer(gone, request("r1", "f"))
		wantCode(t, err, codes.Canceled)
	}
	if c := h.status(t).GetCounters(); c.GetLeasesActive() != 0 {
		t.Errorf("%d leases are left with nobody", c.GetLeasesActive())
	}
}

func TestBadRequests(t *testing.T) {
	h := ready(t, Config{ResourceManager: newManager(t).address})
	for name, req := range map[string]*schedulerpb.AcquireContainerRequest{
		"no function":     {FunctionConfig: &schedulerpb.FunctionConfig{MemoryInBytes: 1}},
		"no config":       {FunctionName: "f"},
		"negative memory": {FunctionName: "f", FunctionConfig: &schedulerpb.FunctionConfig{MemoryInBytes: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.AcquireContainer(t.Context(), req)
			wantCode(t, err, codes.InvalidArgument)
		})
	}
}

func TestRefusals(t *testing.T) {
	failWith := func(code codes.Code, message string) func(context.Context, *nodeservicepb.CreateContainerRequest) error {
		return func(context.Context, *nodeservicepb.CreateContainerRequest) error { return status.Error(code, message) }
	}
	never := func(ctx context.Context, _ *nodeservicepb.CreateContainerRequest) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, test := range []struct {
		name    string
		engine  engine.Config
		create  func(context.Context, *nodeservicepb.CreateContainerRequest) error
		memory  int64
		noNodes bool
		waiting []string // requests that wait already
		id      string
		want    codes.Code
		message string
	}{
		{name: "larger than any node", memory: 2 * nodeMemory, want: codes.ResourceExhausted, message: "needs 2048 MiB, the largest node offers 1024 MiB"},
		{name: "no node", noNodes: true, engine: engine.Config{MaxWait: 50 * time.Millisecond}, want: codes.ResourceExhausted, message: "no available node can be reserved"},
		{name: "queue full", create: never, engine: engine.Config{QueueLimit: 1}, waiting: []string{"first"}, want: codes.ResourceExhausted, message: "1 requests wait for f already"},
		{name: "duplicate", create: never, waiting: []string{"twice"}, id: "twice", want: codes.AlreadyExists, message: "request twice is waiting already"},
		{name: "waited too long", create: never, engine: engine.Config{MaxWait: 50 * time.Millisecond}, want: codes.DeadlineExceeded, message: "no container in"},
		{name: "permanent failure", create: failWith(codes.FailedPrecondition, "no python here"), want: codes.FailedPrecondition, message: "no python here"},
		{name: "unknown function", create: failWith(codes.NotFound, "no such function"), want: codes.FailedPrecondition, message: "no such function"},
		{name: "failures that may pass", create: failWith(codes.Unavailable, "disk is full"), want: codes.Unavailable, message: "disk is full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := newFakeNode(t, nodeID(1))
			node.create = test.create
			rm := newManager(t, node)
			if test.noNodes {
				rm.free = nil
			}
			h := ready(t, Config{ResourceManager: rm.address, Engine: test.engine})
			for i, id := range test.waiting {
				h.acquireLater(t.Context(), id, "f")
				eventually(t, "it waits", func() bool { return h.queued(t) == i+1 })
			}
			req := request(test.id, "f")
			if test.memory != 0 {
				req.FunctionConfig.MemoryInBytes = test.memory
			}
			_, err := h.AcquireContainer(t.Context(), req)
			wantCode(t, err, test.want)
			if !strings.Contains(status.Convert(err).Message(), test.message) {
				t.Errorf("message %q, want it to say %q", status.Convert(err).Message(), test.message)
			}
			if c := h.status(t).GetCounters(); c.GetRefused() != 1 || c.GetLeasesActive() != 0 {
				t.Errorf("counters: %v", c)
			}
		})
	}
}

func TestCallerDeadlineBoundsTheWait(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.create, _, _ = hold()
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := h.AcquireContainer(ctx, request("r", "f"))
	wantCode(t, err, codes.DeadlineExceeded)
	eventually(t, "the queue is empty", func() bool { return h.queued(t) == 0 })
}
