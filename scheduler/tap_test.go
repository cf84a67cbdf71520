package scheduler

import (
	"sync"
	"testing"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// TestTapSeesEveryStep: the events and, with them, what was decided.
func TestTapSeesEveryStep(t *testing.T) {
	var mu sync.Mutex // guards what follows
	kinds := map[engine.EventKind]int{}
	granted := map[engine.RequestID]engine.ContainerID{}
	rm := newManager(t, newFakeNode(t, nodeID(1)))
	h := ready(t, Config{ResourceManager: rm.address, Tap: func(_ engine.Instant, ev *engine.Event, actions []engine.Action) {
		mu.Lock()
		defer mu.Unlock()
		kinds[ev.Kind]++
		for _, a := range actions {
			if a.Kind == engine.Grant {
				granted[a.Request] = a.Container
			}
		}
	}})
	lease := h.acquire(t, "r", "f")
	h.giveBack(t, "r", lease, false)
	h.stop()
	await(t, "the scheduler ends", h.ran)
	for _, kind := range []engine.EventKind{engine.Acquire, engine.NodeReady, engine.ContainerReady, engine.Return} {
		if kinds[kind] != 1 {
			t.Errorf("%d events of kind %d were tapped, want 1", kinds[kind], kind)
		}
	}
	if got := granted["r"]; string(got) != lease.GetContainerId() {
		t.Errorf("the tap saw the grant of %q, the caller got %q", got, lease.GetContainerId())
	}
}
