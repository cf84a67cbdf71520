package nodeservice

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/simulated"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// begin invokes in the background and returns once the node counts the call.
func (n *testNode) begin(t *testing.T, ctx context.Context, container, request string) <-chan error {
	t.Helper()
	before := n.inFlight(t, container)
	ended := make(chan error, 1)
	go func() {
		_, err := n.invoke(ctx, &nodeservicepb.InvokeFunctionRequest{ContainerId: container, RequestId: request, Event: []byte(`{"sleep_ms": 60000}`)})
		ended <- err
	}()
	eventually(t, "it runs", func() bool { return n.inFlight(t, container) > before })
	return ended
}

// inFlight is 0 also for a container that is gone.
func (n *testNode) inFlight(t *testing.T, container string) int32 {
	t.Helper()
	for _, c := range n.stats(t).GetContainerStatsList() {
		if c.GetContainerId() == container {
			return c.GetInFlight()
		}
	}
	return 0
}

func (n *testNode) end(t *testing.T, container, request string) *nodeservicepb.EndInvocationReply {
	t.Helper()
	reply, err := n.EndInvocation(t.Context(), &nodeservicepb.EndInvocationRequest{ContainerId: container, RequestId: request})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestRemoveDuringInvoke(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: untilKilled})
	id := n.mustCreate(t, "c")
	first, second := n.begin(t, t.Context(), id, "r1"), n.begin(t, t.Context(), id, "r2")
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []<-chan error{first, second} {
		if err := <-ended; status.Code(err) != codes.Aborted {
			t.Errorf("got %v, want Aborted", err)
		}
	}
	if left := n.stats(t).GetContainerStatsList(); len(left) != 0 || n.runtime.living() != 0 {
		t.Errorf("left: %v, %d alive", left, n.runtime.living())
	}
}

func TestEndInvocation(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: untilKilled})
	id := n.mustCreate(t, "c")
	ended, goesOn := n.begin(t, t.Context(), id, "r1"), n.begin(t, t.Context(), id, "r2")
	if reply := n.end(t, id, "unknown"); reply.GetContainerLost() {
		t.Error("an unknown invocation has cost the container")
	}
	if reply := n.end(t, id, "r1"); reply.GetContainerLost() {
		t.Error("the container is lost")
	}
	// When EndInvocation answers, the work has stopped.
	if got := n.inFlight(t, id); got != 1 {
		t.Errorf("%d in flight, want the other alone", got)
	}
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	if reply := n.end(t, id, "r1"); reply.GetContainerLost() {
		t.Error("an invocation that is over has cost the container")
	}
	select {
	case err := <-goesOn:
		t.Errorf("the neighbour ended too: %v", err)
	default:
	}
	if reply := n.end(t, "nobody", "r1"); !reply.GetContainerLost() {
		t.Error("a container that is not there is not lost")
	}
}

// TestEndThatCostsTheContainer: some work can only be stopped with all that is there.
func TestEndThatCostsTheContainer(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(ctx context.Context, c *scriptedContainer, _ sandbox.Invocation) (sandbox.Result, error) {
		<-ctx.Done()
		return sandbox.Result{Lost: true}, errors.Join(context.Cause(ctx), c.Kill())
	}})
	id := n.mustCreate(t, "c")
	ended := n.begin(t, t.Context(), id, "r")
	if reply := n.end(t, id, "r"); !reply.GetContainerLost() {
		t.Error("the container is said to live")
	}
	if err := <-ended; err == nil {
		t.Error("the invocation succeeded")
	}
	if left := n.stats(t).GetContainerStatsList(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestEndGivesUpWithItsCaller(t *testing.T) {
	release := make(chan struct{})
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		<-release
		return sandbox.Result{}, nil
	}})
	id := n.mustCreate(t, "c")
	ended := n.begin(t, t.Context(), id, "r")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := n.EndInvocation(ctx, &nodeservicepb.EndInvocationRequest{ContainerId: id, RequestId: "r"}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("the invocation finished and was told %v", err)
	}
}

// TestCallerOfInvokeLeaves: its work stops, and the container serves on.
func TestCallerOfInvokeLeaves(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: untilKilled})
	id := n.mustCreate(t, "c")
	ctx, leave := context.WithCancel(t.Context())
	ended := n.begin(t, ctx, id, "r")
	leave()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	eventually(t, "the work has stopped", func() bool { return n.inFlight(t, id) == 0 })
	if list := n.stats(t).GetContainerStatsList(); len(list) != 1 || list[0].GetState() != "ready" {
		t.Errorf("containers: %v, want one that is ready", list)
	}
}

// TestSimulatedNode: the same over the model that others compare against.
func TestSimulatedNode(t *testing.T) {
	r, err := simulated.New(simulated.Config{Creation: nodemodel.Reference(0.02)})
	if err != nil {
		t.Fatal(err)
	}
	server, client := serve(t, r)
	n := &testNode{NodeServiceClient: client, server: server}
	id := n.mustCreate(t, "c")
	stopped, lost := n.begin(t, t.Context(), id, "r1"), n.begin(t, t.Context(), id, "r2")
	if reply := n.end(t, id, "r1"); reply.GetContainerLost() {
		t.Error("the container is lost")
	}
	if err := <-stopped; status.Code(err) != codes.Canceled {
		t.Errorf("stopped: %v, want Canceled", err)
	}
	if _, err := n.Release(t.Context(), &nodeservicepb.ReleaseRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := <-lost; status.Code(err) != codes.Aborted {
		t.Errorf("lost: %v, want Aborted", err)
	}
	if _, err := n.CreateContainer(t.Context(), create("late", 0)); status.Code(err) != codes.Aborted {
		t.Errorf("a container of a released node: %v, want Aborted", err)
	}
	if _, err := n.Reserve(t.Context(), &nodeservicepb.ReserveRequest{}); err != nil {
		t.Fatal(err)
	}
	id = n.mustCreate(t, "c")
	parts, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{
		ContainerId: id, Event: []byte(`{"sleep_ms": 60000}`), FunctionMeta: &nodeservicepb.FunctionMeta{TimeoutInMs: 20},
	})
	if err != nil || parts[len(parts)-1].GetFooter().GetError() != sandbox.CodeTimeout {
		t.Errorf("got %v, %v; want a timeout", parts, err)
	}
}
