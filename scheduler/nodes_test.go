package scheduler

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// TestNodeAvailableWakesThoseWhoWait: they need not wait for the next try.
func TestNodeAvailableWakesThoseWhoWait(t *testing.T) {
	rm := newManager(t)
	h := ready(t, Config{ResourceManager: rm.address, Engine: engine.Config{ReserveRetry: time.Hour}})
	waiting := h.acquireLater(t.Context(), "r", "f")
	asked := 0
	eventually(t, "a node was asked for", func() bool { rm.look(func() { asked = rm.asked }); return asked > 0 })
	node := newFakeNode(t, nodeID(1))
	rm.look(func() { rm.free = append(rm.free, node.desc) })
	eventually(t, "the request is granted", func() bool {
		// The event may overtake the refusal; another one comes with the next change.
		rm.tell(&resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_AVAILABLE, Available: 1})
		select {
		case got := <-waiting:
			wantCode(t, got.err, codes.OK)
			return true
		default:
			return false
		}
	})
}

func TestRemoveContainerIsRepeated(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []codes.Code
	}{
		{"removed at once", []codes.Code{codes.OK}},
		{"gone already", []codes.Code{codes.NotFound}},
		{"fails twice", []codes.Code{codes.Unavailable, codes.Internal, codes.OK}},
		{"fails, then gone", []codes.Code{codes.DeadlineExceeded, codes.NotFound}},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := newFakeNode(t, nodeID(1))
			var calls tally
			node.remove = func(req *nodeservicepb.RemoveContainerRequest) error {
				n := calls.add(req.GetContainerId())
				return status.Error(test.answers[min(n, len(test.answers))-1], "as the test says")
			}
			h := ready(t, Config{ResourceManager: newManager(t, node).address, StatsInterval: time.Hour})
			lease := h.acquire(t, "r", "f")
			h.giveBack(t, "r", lease, true)
			eventually(t, "the container is gone", func() bool { return h.status(t).GetCounters().GetContainersRemoved() == 1 })
			if got := calls.of(lease.GetContainerId()); got != len(test.answers) {
				t.Errorf("%d calls of RemoveContainer, want %d", got, len(test.answers))
			}
		})
	}
}

// TestNodeLoss: however a loss comes out, what was on the node is forgotten,
// and requests go elsewhere.
func TestNodeLoss(t *testing.T) {
	for _, test := range []struct {
		name    string
		foreign bool
		lose    func(t *testing.T, rm *manager, n *fakeNode)
		// released: the node must be given back.
		released bool
	}{
		{name: "watched", lose: func(_ *testing.T, rm *manager, n *fakeNode) {
			rm.tell(&resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_LOST, Node: n.desc})
		}},
		{name: "while the resource manager was away", lose: func(t *testing.T, rm *manager, n *fakeNode) {
			rm.server.Stop()
			rm.look(func() { rm.forget(n.desc.GetId()) })
			rm.serve(t)
		}},
		{name: "polled under a foreign resource manager", foreign: true, released: true, lose: func(_ *testing.T, _ *manager, n *fakeNode) {
			n.server.Stop()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, second := newFakeNode(t, nodeID(1)), newFakeNode(t, nodeID(2))
			rm := newManager(t, first, second)
			rm.foreign = test.foreign
			h := ready(t, Config{ResourceManager: rm.address, StatsInterval: 10 * time.Millisecond})
			lease := h.acquire(t, "r1", "f")
			if !test.foreign {
				eventually(t, "the scheduler watches", func() bool { n := 0; rm.look(func() { n = len(rm.watchers) }); return n > 0 })
			}
			test.lose(t, rm, first)
			eventually(t, "the node is lost", func() bool { return h.status(t).GetCounters().GetNodesLost() == 1 })
			if c := h.status(t).GetCounters(); c.GetLeasesActive() != 0 || c.GetContainersLost() != 1 {
				t.Errorf("counters: %v", c)
			}
			h.giveBack(t, "r1", lease, true) // it comes too late, which is legal
			if got := h.acquire(t, "r2", "f"); got.GetNodeId() != nodeID(2) {
				t.Errorf("granted %v, want one on the other node", got)
			}
			if test.released {
				eventually(t, "the lost node is given back", func() (given bool) {
					rm.look(func() { given = len(rm.released) == 1 && rm.released[0] == nodeID(1) })
					return given
				})
			}
		})
	}
}

// TestNodeIsNotReserved: a node that says so is given up, and the request goes elsewhere.
func TestNodeIsNotReserved(t *testing.T) {
	first, second := newFakeNode(t, nodeID(1)), newFakeNode(t, nodeID(2))
	first.create = func(context.Context, *nodeservicepb.CreateContainerRequest) error {
		return status.Error(codes.Aborted, "the node has been released")
	}
	rm := newManager(t, first, second)
	h := ready(t, Config{ResourceManager: rm.address})
	if got := h.acquire(t, "r", "f"); got.GetNodeId() != nodeID(2) {
		t.Errorf("granted %v, want one on the other node", got)
	}
	if c := h.status(t).GetCounters(); c.GetNodesLost() != 1 {
		t.Errorf("%d nodes lost, want the one", c.GetNodesLost())
	}
	eventually(t, "the node is given back", func() (given bool) {
		rm.look(func() { given = slices.Equal(rm.released, []string{nodeID(1)}) })
		return given
	})
}

// TestLossDuringCreate: the request survives the node that was making its container.
func TestLossDuringCreate(t *testing.T) {
	first, second := newFakeNode(t, nodeID(1)), newFakeNode(t, nodeID(2))
	create, begun, _ := hold()
	first.create = create
	rm := newManager(t, first, second)
	h := ready(t, Config{ResourceManager: rm.address})
	waiting := h.acquireLater(t.Context(), "r", "f")
	await(t, "the creation begins", begun)
	eventually(t, "the scheduler watches", func() bool { n := 0; rm.look(func() { n = len(rm.watchers) }); return n > 0 })
	rm.tell(&resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_LOST, Node: first.desc})
	got := await(t, "an answer", waiting)
	wantCode(t, got.err, codes.OK)
	if got.reply.GetNodeId() != nodeID(2) {
		t.Errorf("granted %v, want one on the other node", got.reply)
	}
}

// TestSameNodeLentAgain: foreign resource managers may keep a node's id.
func TestSameNodeLentAgain(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	rm := newManager(t, node, node)
	h := ready(t, Config{ResourceManager: rm.address})
	h.acquire(t, "r1", "f")
	req := request("r2", "g")
	req.FunctionConfig.MemoryInBytes = nodeMemory // so another node is needed
	if _, err := h.AcquireContainer(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if st := h.status(t); len(st.GetNodes()) != 1 || st.GetNodes()[0].GetReservedInBytes() != nodeMemory {
		t.Errorf("nodes: %v, want one with g alone", st.GetNodes())
	}
}

// TestReservationWhoseAnswerIsLost: nobody would use the node, or release it.
func TestReservationWhoseAnswerIsLost(t *testing.T) {
	used, lost := newFakeNode(t, nodeID(1)), newFakeNode(t, nodeID(2))
	rm := newManager(t, used)
	rm.reserveErrors = []error{status.Error(codes.Unavailable, "connection reset")}
	rm.lent = nil
	h := ready(t, Config{ResourceManager: rm.address, StatsInterval: 10 * time.Millisecond, Engine: engine.Config{ReserveRetry: time.Millisecond}})
	rm.look(func() { rm.lent = append(rm.lent, lost.desc) })
	lease := h.acquire(t, "r", "f")
	eventually(t, "the node is given back", func() (given bool) {
		rm.look(func() { given = len(rm.released) > 0 })
		return given
	})
	rm.look(func() {
		if len(rm.released) != 1 || rm.released[0] != nodeID(2) {
			t.Errorf("given back: %v, want %s", rm.released, nodeID(2))
		}
	})
	if lease.GetNodeId() != nodeID(1) || len(h.status(t).GetNodes()) != 1 {
		t.Errorf("granted %v; nodes %v", lease, h.status(t).GetNodes())
	}
}
