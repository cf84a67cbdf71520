package apiserver

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// TestReturnedBeforeTheNextAcquire: whoever has an answer finds the container free.
func TestReturnedBeforeTheNextAcquire(t *testing.T) {
	eachWay(t, "order", func(t *testing.T, s *fakeScheduler, n *fakeNode) {
		n.invoke = succeed
		var early []int // calls that came before the return of the one before
		s.grant = func(_ context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.returned) != attempt-1 {
				early = append(early, attempt)
			}
			return n.lease("c"), nil
		}
		p := newPlatform(t, s, n)
		for range 200 {
			if _, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"}); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
		if len(early) > 0 || len(s.returned) != 200 {
			t.Errorf("calls %v came too early; %d returns", early, len(s.returned))
		}
	})
}

// TestSchedulerDiesUnderLoad: each call has one answer, and each grant that was heard
// of one return at least, however often the scheduler goes.
func TestSchedulerDiesUnderLoad(t *testing.T) {
	const callers, each = 8, 40
	granted := make(chan struct{}, 10*callers*each)
	n := &fakeNode{invoke: succeed}
	s := &fakeScheduler{grant: func(context.Context, int) (*schedulerpb.AcquireContainerReply, error) {
		granted <- struct{}{}
		return n.lease("c"), nil
	}}
	p := newPlatform(t, s, n)
	failed := make(chan error, callers)
	for range callers {
		go func() {
			for range each {
				if _, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"}); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range 3 {
		for range 20 {
			<-granted
		}
		s.server.Stop()
		s.serve(t, s.address)
	}
	for range callers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	p.settle()
	ran, returned := map[string]int{}, map[string]bool{}
	for _, r := range n.invoked {
		ran[r.GetRequestId()]++
	}
	for _, r := range s.returned {
		returned[r.GetRequestId()] = true
	}
	if len(ran) != callers*each {
		t.Errorf("%d calls ran, want %d", len(ran), callers*each)
	}
	for id, times := range ran {
		if times != 1 || !returned[id] {
			t.Errorf("call %s ran %d times; returned: %v", id, times, returned[id])
		}
	}
}

// TestLargeEventsGoAlone: they would hold up the small ones.
func TestLargeEventsGoAlone(t *testing.T) {
	n := &fakeNode{invoke: succeed}
	p := newPlatform(t, &fakeScheduler{}, n)
	for _, size := range []int{0, mostEvent, mostEvent + 1, rpc.MaxEvent} {
		if _, err := p.server.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: make([]byte, size)}); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	p.settle()
	if n.unary != 2 || len(n.invoked) != 4 {
		t.Errorf("%d of %d invocations went alone, want 2 of 4", n.unary, len(n.invoked))
	}
}

// TestNodeEndsItsSessionWell: what it had not begun is placed anew.
func TestNodeEndsItsSessionWell(t *testing.T) {
	stopping := &endingNode{}
	server, address := listen(t, "127.0.0.2:0", stopping.register)
	t.Cleanup(server.Stop)
	stopping.address = address
	n := &fakeNode{invoke: succeed}
	s := &fakeScheduler{grant: func(_ context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error) {
		if attempt == 1 {
			return stopping.lease("gone"), nil
		}
		return n.lease("alive"), nil
	}}
	p := newPlatform(t, s, n)
	if _, err := invoke(t, p); err != nil {
		t.Error(err)
	}
	p.settle()
	if got := []bool{s.returned[0].GetContainerLost(), s.returned[1].GetContainerLost()}; !slices.Equal(got, []bool{true, false}) {
		t.Errorf("returned as lost: %v", got)
	}
}

// TestCallerLeavesASession: the node is told, and the call's id is not used again.
func TestCallerLeavesASession(t *testing.T) {
	stopped := make(chan error, 1)
	begun := make(chan struct{})
	n := &fakeNode{invoke: func(r *invokeRequest, stream invokeStream) error {
		if string(r.GetEvent()) != "slow" {
			return succeed(r, stream)
		}
		close(begun)
		<-stream.Context().Done()
		stopped <- stream.Context().Err()
		return status.FromContextError(stream.Context().Err()).Err()
	}, end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
		return &nodeservicepb.EndInvocationReply{}, nil
	}}
	p := newPlatform(t, &fakeScheduler{}, n)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-begun
		leave()
	}()
	_, err := p.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: []byte("slow")})
	if status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	if err := <-stopped; err != context.Canceled {
		t.Errorf("the invocation was stopped by %v", err)
	}
	if got, err := invoke(t, p); err != nil || string(got.GetBody()) != "done" {
		t.Errorf("the next call: %v, %v", got, err)
	}
}
