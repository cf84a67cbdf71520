package scheduler

import (
	"maps"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// TestColdStartPhases: Explain tells what a cold start was made of, and the
// metrics have it, too.
func TestColdStartPhases(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.phases = &nodeservicepb.CreationPhases{WaitNanos: 1, TakeNanos: 2, MountNanos: 3, LimitNanos: 4, ImportNanos: 5, Pooled: true, NoSnapshot: "none yet"}
	registry := prometheus.NewRegistry()
	h := ready(t, Config{ResourceManager: newManager(t, node).address, Metrics: registry})
	explain := func(id string) *schedulerpb.ColdStart {
		t.Helper()
		reply, err := h.Explain(t.Context(), &schedulerpb.ExplainRequest{RequestId: id})
		if err != nil {
			t.Fatal(err)
		}
		return reply.GetColdStart()
	}
	lease := h.acquire(t, "r1", "f")
	want := &schedulerpb.ColdStart{WaitNanos: 1, TakeNanos: 2, MountNanos: 3, LimitNanos: 4, ImportNanos: 5, Pooled: true, NoSnapshot: "none yet"}
	got := explain("r1")
	// A node had to be reserved before the container could be ordered.
	if want.DecideNanos = got.GetDecideNanos(); want.DecideNanos <= 0 || !proto.Equal(got, want) {
		t.Errorf("before the return: %v, want %v and the time of the decision", got, want)
	}
	h.giveBack(t, "r1", lease, false)
	h.acquire(t, "r2", "f")
	h.giveBack(t, "r2", lease, false)
	want.FirstCallNanos = int64(time.Millisecond)
	if got := explain("r1"); !proto.Equal(got, want) {
		t.Errorf("after the return: %v, want %v", got, want)
	}
	if got := explain("r2"); got != nil {
		t.Errorf("of a warm call: %v", got)
	}
	counts := map[string]uint64{"decide": 1, "wait": 1, "take": 1, "mount": 1, "limit": 1, "import": 1, "first_call": 1}
	if got := startPhases(t, registry); !maps.Equal(got, counts) {
		t.Errorf("metrics count %v, want %v", got, counts)
	}
}

// TestColdStartWithoutPhases: what a foreign node does not tell is left out.
func TestColdStartWithoutPhases(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address, Metrics: registry})
	h.acquire(t, "r1", "f")
	reply, err := h.Explain(t.Context(), &schedulerpb.ExplainRequest{RequestId: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	got := reply.GetColdStart()
	if want := (&schedulerpb.ColdStart{DecideNanos: got.GetDecideNanos()}); got == nil || !proto.Equal(got, want) {
		t.Errorf("%v, want the time of the decision alone", got)
	}
	if got := startPhases(t, registry); !maps.Equal(got, map[string]uint64{"decide": 1}) {
		t.Errorf("metrics count %v, want the decision alone", got)
	}
}

// TestCreations: a container that was ordered ahead of its request took no decision,
// and only the latest are remembered.
func TestCreations(t *testing.T) {
	c := newCreations(2)
	now := time.Now()
	for _, id := range []engine.ContainerID{"a", "b", "c"} {
		c.made(id, now, nil)
	}
	if got := c.explain("c", now.Add(-time.Second)).GetDecideNanos(); got != int64(time.Second) {
		t.Errorf("ordered a second after the request: %d ns", got)
	}
	if got := c.explain("c", now.Add(time.Second)).GetDecideNanos(); got != 0 {
		t.Errorf("ordered ahead of the request: %d ns", got)
	}
	c.returned("b", 0) // its caller left
	c.returned("b", time.Second)
	c.returned("b", time.Minute)
	if got := c.explain("b", now).GetFirstCallNanos(); got != int64(time.Second) {
		t.Errorf("the first call took %d ns, want a second", got)
	}
	if got := c.explain("a", now); got != nil {
		t.Errorf("the third last: %v", got)
	}
}

// startPhases counts what was observed, by phase.
func startPhases(t *testing.T, registry prometheus.Gatherer) map[string]uint64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint64{}
	for _, family := range families {
		if family.GetName() != "faas_scheduler_start_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			counts[metric.GetLabel()[0].GetValue()] = metric.GetHistogram().GetSampleCount()
		}
	}
	return counts
}
