package scheduler

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

func TestGetStatus(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	h.giveBack(t, "r1", h.acquire(t, "r1", "idle"), false)
	held := h.acquire(t, "r2", "busy")
	create, begun, _ := hold()
	node.create = create
	h.acquireLater(t.Context(), "r3", "new")
	await(t, "the creation begins", begun)
	got := h.status(t)
	for _, n := range got.GetNodes() {
		for _, c := range n.GetContainers() {
			if (c.GetState() == "ready") != (c.GetIdleNanos() > 0) {
				t.Errorf("%s is %s and idle for %d ns", c.GetContainerId(), c.GetState(), c.GetIdleNanos())
			}
			c.IdleNanos = 0
			if c.GetState() == "creating" {
				c.ContainerId = "its name"
			}
		}
	}
	const memory = 128 << 20
	want := &schedulerpb.GetStatusReply{
		Policy: "adaptive",
		Epoch:  h.server.epoch,
		Nodes: []*schedulerpb.NodeStatus{{
			NodeId: nodeID(1), Address: node.desc.GetAddress(), Port: node.desc.GetNodeServicePort(), State: "ready",
			CapacityInBytes: nodeMemory, ReservedInBytes: 3 * memory,
			Containers: []*schedulerpb.ContainerStatus{
				{ContainerId: nodeID(1) + "-1", FunctionName: "idle", State: "ready", MemoryInBytes: memory},
				{ContainerId: held.GetContainerId(), FunctionName: "busy", State: "busy", InFlight: 1, MemoryInBytes: memory},
				{ContainerId: "its name", FunctionName: "new", State: "creating", MemoryInBytes: memory},
			},
		}},
		Functions: []*schedulerpb.FunctionStatus{
			{FunctionName: "idle", Containers: 1},
			{FunctionName: "busy", Containers: 1, InFlight: 1},
			{FunctionName: "new", Creating: 1, QueueDepth: 1},
		},
		Counters: &schedulerpb.Counters{Acquired: 2, Returned: 1, ColdStarts: 2, LeasesActive: 1, ContainersCreated: 2, NodesReserved: 1},
	}
	if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	rm := newManager(t)
	h := start(t, Config{ResourceManager: rm.address, Metrics: registry})
	if _, err := registry.Gather(); err != nil {
		t.Fatalf("gather while starting: %v", err)
	}
	await(t, "the scheduler is ready", h.server.Running())
	node := newFakeNode(t, nodeID(1))
	rm.look(func() { rm.free = append(rm.free, node.desc) })
	h.giveBack(t, "r1", h.acquire(t, "r1", "f"), false)
	h.acquire(t, "r2", "f")
	tooLarge := request("r3", "g")
	tooLarge.FunctionConfig.MemoryInBytes = 2 * nodeMemory
	if _, err := h.AcquireContainer(t.Context(), tooLarge); err == nil {
		t.Error("a container larger than its node was granted")
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			got[key(family, m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	want := map[string]float64{
		"faas_scheduler_acquire_duration_seconds granted cold": 1,
		"faas_scheduler_acquire_duration_seconds granted warm": 1,
		"faas_scheduler_acquire_duration_seconds refused none": 1,
		"faas_scheduler_start_duration_seconds decide":         1,
		"faas_scheduler_start_duration_seconds first_call":     1,
		"faas_scheduler_queue_depth":                           0,
		"faas_leases_active":                                   1,
		"faas_lease_expired_total":                             0,
		"faas_containers busy":                                 1,
		"faas_container_starts_total":                          1,
		"faas_container_start_failures_total":                  0,
		"faas_nodes ready":                                     1,
		"faas_node_memory_reserved_bytes":                      128 << 20,
		"faas_node_memory_capacity_bytes":                      nodeMemory,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
}

// key is a metric's name and the values of its labels.
func key(family *dto.MetricFamily, m *dto.Metric) string {
	words := []string{family.GetName()}
	for _, label := range m.GetLabel() {
		words = append(words, label.GetValue())
	}
	return strings.Join(words, " ")
}
