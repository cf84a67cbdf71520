package nodeservice

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// scriptedPhases are what each scripted container says that its creation took.
var scriptedPhases = sandbox.Phases{
	Wait: time.Millisecond, Take: 2 * time.Millisecond, Mount: 3 * time.Millisecond,
	Limit: 4 * time.Millisecond, Import: 5 * time.Millisecond, Pooled: true, NoSnapshot: "none yet",
}

func (c *scriptedContainer) Phases() sandbox.Phases { return scriptedPhases }

// TestPhases: they are in the reply, and in the metrics, with the first call that ended.
func TestPhases(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		return sandbox.Result{}, nil
	}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(n.server.metrics.phases)
	created, err := n.CreateContainer(t.Context(), create("c", 0))
	if err != nil {
		t.Fatal(err)
	}
	want := &nodeservicepb.CreationPhases{
		WaitNanos: 1_000_000, TakeNanos: 2_000_000, MountNanos: 3_000_000, LimitNanos: 4_000_000, ImportNanos: 5_000_000, Pooled: true, NoSnapshot: "none yet",
	}
	if got := created.GetPhases(); !proto.Equal(got, want) {
		t.Errorf("the reply holds %v, want %v", got, want)
	}
	for range 3 {
		if _, err := n.InvokeFunctionUnary(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: created.GetContainerId()}); err != nil {
			t.Fatal(err)
		}
	}
	counts, sums := observed(t, registry)
	if want := map[string]uint64{"wait": 1, "take": 1, "mount": 1, "limit": 1, "import": 1, "first_call": 1}; !maps.Equal(counts, want) {
		t.Errorf("observed %v, want %v", counts, want)
	}
	for phase, took := range scriptedPhases.All() {
		if sums[phase] != took.Seconds() {
			t.Errorf("%s: %v s, want %v", phase, sums[phase], took)
		}
	}
}

// observed are the counts and sums of the histograms, by phase.
func observed(t *testing.T, registry prometheus.Gatherer) (counts map[string]uint64, sums map[string]float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts, sums = map[string]uint64{}, map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			phase := metric.GetLabel()[0].GetValue()
			counts[phase], sums[phase] = metric.GetHistogram().GetSampleCount(), metric.GetHistogram().GetSampleSum()
		}
	}
	return counts, sums
}
