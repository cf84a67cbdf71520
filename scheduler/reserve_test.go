package scheduler

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// events of some kinds, as they come.
func tapped(kinds ...engine.EventKind) (chan engine.Event, func(engine.Instant, *engine.Event, []engine.Action)) {
	events := make(chan engine.Event, 1000)
	return events, func(_ engine.Instant, ev *engine.Event, _ []engine.Action) {
		for _, kind := range kinds {
			if ev.Kind == kind {
				events <- *ev
			}
		}
	}
}

func awaitEvent(t *testing.T, events chan engine.Event, want func(engine.Event) bool) {
	t.Helper()
	for timeout := time.After(10 * time.Second); ; {
		select {
		case ev := <-events:
			if want(ev) {
				return
			}
		case <-timeout:
			t.Fatal("nothing of the kind was told to the engine")
		}
	}
}

// TestSandboxesInReserve: what a node says of its reserve gets to the engine.
func TestSandboxesInReserve(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.phases = &nodeservicepb.CreationPhases{Pooled: true, Sandbox: "plain"}
	node.waiting = map[string]int32{"plain": 3, "nodejs": 1}
	events, tap := tapped(engine.ContainerReady, engine.Stats)
	h := ready(t, Config{ResourceManager: newManager(t, node).address, StatsInterval: 20 * time.Millisecond, Tap: tap})
	h.acquire(t, "r", "f")
	awaitEvent(t, events, func(ev engine.Event) bool {
		return ev.Kind == engine.ContainerReady && ev.Prepared && ev.Sandbox == "plain"
	})
	awaitEvent(t, events, func(ev engine.Event) bool {
		return len(ev.Sandboxes) == 2 && ev.Sandboxes[0] == engine.SandboxStat{Kind: "nodejs", Ready: 1} && ev.Sandboxes[1].Ready == 3
	})
}

// TestResize: a function that ran out of memory has its other containers resized; the
// engine hears whether a node could.
func TestResize(t *testing.T) {
	for name, c := range map[string]struct {
		resize func(*nodeservicepb.ResizeContainerRequest) error
		want   func(engine.Event) bool
	}{
		"done":    {func(*nodeservicepb.ResizeContainerRequest) error { return nil }, func(ev engine.Event) bool { return ev.Kind == engine.ContainerResized }},
		"no room": {func(*nodeservicepb.ResizeContainerRequest) error { return status.Error(codes.ResourceExhausted, "no") }, func(ev engine.Event) bool { return ev.Kind == engine.ResizeFailed && !ev.Permanent }},
		"can't":   {nil, func(ev engine.Event) bool { return ev.Kind == engine.ResizeFailed && ev.Permanent }},
	} {
		t.Run(name, func(t *testing.T) {
			node := newFakeNode(t, nodeID(1))
			node.resize = c.resize
			events, tap := tapped(engine.ContainerResized, engine.ResizeFailed)
			h := ready(t, Config{ResourceManager: newManager(t, node).address, Engine: engine.Config{Resize: true}, Tap: tap})
			lease := h.acquire(t, "r", "f")
			if _, err := h.ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{
				RequestId: "r", ContainerId: lease.GetContainerId(), MaxMemoryUsageInBytes: 128 << 20, ErrorCode: engine.ErrorOutOfMemory,
			}); err != nil {
				t.Fatal(err)
			}
			awaitEvent(t, events, c.want)
		})
	}
}
