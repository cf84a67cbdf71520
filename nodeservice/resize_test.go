package nodeservice

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

func (n *testNode) resize(t *testing.T, id string, memory, epoch int64) codes.Code {
	t.Helper()
	_, err := n.ResizeContainer(t.Context(), &nodeservicepb.ResizeContainerRequest{ContainerId: id, MemoryInBytes: memory, Epoch: epoch})
	return status.Code(err)
}

func (n *testNode) memoryOf(t *testing.T, id string) int64 {
	t.Helper()
	for _, c := range n.stats(t).GetContainerStatsList() {
		if c.GetContainerId() == id {
			return c.GetTotalMemoryInBytes()
		}
	}
	t.Fatalf("no container %s in the statistics", id)
	return 0
}

func TestResizeContainer(t *testing.T) {
	n := newTestNode(t, &scripted{}) // a node of 4 GiB
	one, other := n.mustCreate(t, "one"), n.mustCreate(t, "other")
	steps := []struct {
		what, id       string
		memory, epoch  int64
		fails          error // of the sandbox
		want           codes.Code
		holds, applied int64 // one's memory afterwards, as the node and as the sandbox know it
	}{
		{"grow", one, 1 << 30, 0, nil, codes.OK, 1 << 30, 1 << 30},
		{"the same again", one, 1 << 30, 0, nil, codes.OK, 1 << 30, 1 << 30},
		{"shrink", one, 512 << 20, 3, nil, codes.OK, 512 << 20, 512 << 20},
		{"an old epoch", one, 1 << 30, 2, nil, codes.PermissionDenied, 512 << 20, 512 << 20},
		{"the other takes most of the node", other, 3 << 30, 3, nil, codes.OK, 512 << 20, 512 << 20},
		{"more than the node", one, 4<<30 + 1, 3, nil, codes.ResourceExhausted, 512 << 20, 512 << 20},
		{"more than is left", one, 2 << 30, 3, nil, codes.OK, 2 << 30, 2 << 30},
		{"less again", one, 1 << 30, 3, nil, codes.OK, 1 << 30, 1 << 30},
		{"less than in use", one, 64 << 20, 3, fmt.Errorf("no: %w", sandbox.ErrInUse), codes.ResourceExhausted, 1 << 30, 1 << 30},
		{"dying", one, 64 << 20, 3, sandbox.ErrLost, codes.NotFound, 1 << 30, 1 << 30},
		{"no memory", one, 0, 3, nil, codes.InvalidArgument, 1 << 30, 1 << 30},
		{"nobody", "nobody", 64 << 20, 3, nil, codes.NotFound, 1 << 30, 1 << 30},
	}
	for _, s := range steps {
		n.runtime.fail(s.fails)
		if got := n.resize(t, s.id, s.memory, s.epoch); got != s.want {
			t.Errorf("%s: %v, want %v", s.what, got, s.want)
		}
		if got := n.memoryOf(t, one); got != s.holds {
			t.Errorf("%s: the node holds %d, want %d", s.what, got, s.holds)
		}
		if got := n.runtime.sizeOf(one); got != s.applied {
			t.Errorf("%s: the sandbox has %d, want %d", s.what, got, s.applied)
		}
	}
}

func (r *scripted) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resizeErr = err
}

func (r *scripted) sizeOf(id string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alive[id].memory
}

// TestResizeWhileCreating: a container that is not there yet is not resized.
func TestResizeWhileCreating(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	n := newTestNode(t, &scripted{create: func(context.Context) error { close(begun); <-goOn; return nil }})
	created := make(chan error, 1)
	go func() {
		_, err := n.CreateContainer(context.Background(), create("c", 0))
		created <- err
	}()
	<-begun
	if got := n.resize(t, n.stats(t).GetContainerStatsList()[0].GetContainerId(), 1<<30, 0); got != codes.FailedPrecondition {
		t.Errorf("%v, want FailedPrecondition", got)
	}
	close(goOn)
	if err := <-created; err != nil {
		t.Error(err)
	}
}

// TestFrozenIsShown: in the statistics and in the metrics, and only while it is idle.
func TestFrozenIsShown(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: untilKilled})
	id := n.mustCreate(t, "c")
	n.runtime.freeze(id)
	if got := n.stats(t).GetContainerStatsList()[0].GetState(); got != "frozen" {
		t.Errorf("state %q, want frozen", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = n.InvokeFunctionUnary(ctx, &nodeservicepb.InvokeFunctionRequest{RequestId: "r", ContainerId: id})
	}()
	eventually(t, "it is busy", func() bool { return n.stats(t).GetContainerStatsList()[0].GetState() == "busy" })
	cancel()
	<-ended
}

func (r *scripted) freeze(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive[id].frozen = true
}
