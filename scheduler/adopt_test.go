package scheduler

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

func TestAdoption(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.epoch = time.Now().Add(time.Hour).UnixNano() // another clock may be ahead
	stats := func(id, state string, inFlight int32) *nodeservicepb.ContainerStats {
		return &nodeservicepb.ContainerStats{
			ContainerId: id, Name: "old-" + id, FunctionName: "f", TotalMemoryInBytes: 128 << 20, State: state, InFlight: inFlight,
		}
	}
	idle, busy := stats("idle", "ready", 0), stats("busy", "busy", 1)
	node.containers = []*nodeservicepb.ContainerStats{busy, stats("creating", "creating", 0), stats("stopping", "stopping", 0)}
	before := node.epoch
	var announced []int64
	node.asked = func(epoch int64) {
		announced = append(announced, epoch)
		if epoch != 0 && len(announced) == 2 {
			// What the earlier scheduler made last came just before this one was announced.
			node.containers = append(node.containers, idle)
		}
	}
	dead, over := newFakeNode(t, "dead"), newFakeNode(t, "over")
	dead.server.Stop()
	rm := newManager(t)
	rm.lent = []*resourcemanagerpb.NodeDesc{node.desc, dead.desc, over.desc}
	over.desc.ReleasedTimeTimestampMs = 1

	h := ready(t, Config{ResourceManager: rm.address, StatsInterval: time.Hour})
	st := h.status(t)
	node.mu.Lock()
	if d := cmp.Diff([]int64{0, st.GetEpoch()}, announced); d != "" {
		t.Errorf("epochs announced (-want +got):\n%s", d)
	}
	node.mu.Unlock()
	if st.GetEpoch() <= before {
		t.Errorf("epoch %d, want one above the node's %d", st.GetEpoch(), before)
	}
	if d := cmp.Diff([]string{"dead"}, rm.released); d != "" {
		t.Errorf("nodes given back (-want +got):\n%s", d)
	}
	states := map[string]string{}
	for _, n := range st.GetNodes() {
		for _, c := range n.GetContainers() {
			states[c.GetContainerId()] = c.GetState()
		}
	}
	if d := cmp.Diff(map[string]string{"idle": "ready", "busy": "quarantined"}, states); d != "" {
		t.Errorf("containers (-want +got):\n%s", d)
	}
	if got := h.acquire(t, "r1", "f"); got.GetContainerId() != "idle" || got.GetColdStart() {
		t.Errorf("granted %v, want the idle container", got)
	}
}

// TestAdoptedBusyContainerServesWhenItsCallsEnd: they hold no lease here.
func TestAdoptedBusyContainerServesWhenItsCallsEnd(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.create, _, _ = hold() // so that nothing else can serve
	busy := &nodeservicepb.ContainerStats{ContainerId: "busy", Name: "old", FunctionName: "f", TotalMemoryInBytes: 128 << 20, State: "busy", InFlight: 1}
	node.containers = []*nodeservicepb.ContainerStats{busy}
	rm := newManager(t)
	rm.lent = []*resourcemanagerpb.NodeDesc{node.desc}
	h := ready(t, Config{ResourceManager: rm.address, StatsInterval: 5 * time.Millisecond})
	waiting := h.acquireLater(t.Context(), "r", "f")
	eventually(t, "it waits", func() bool { return h.queued(t) == 1 })
	polls := 0
	node.mu.Lock()
	node.asked = func(int64) { polls++ }
	node.mu.Unlock()
	eventually(t, "it was polled while busy", func() bool { node.mu.Lock(); defer node.mu.Unlock(); return polls > 2 })
	select {
	case got := <-waiting:
		t.Fatalf("granted %v while the adopted call still ran", got)
	default:
	}
	node.mu.Lock()
	busy.InFlight, busy.State = 0, "ready"
	node.mu.Unlock()
	if got := await(t, "an answer", waiting); got.err != nil || got.reply.GetContainerId() != "busy" {
		t.Errorf("granted %v, %v; want the adopted container", got.reply, got.err)
	}
}
