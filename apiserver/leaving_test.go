package apiserver

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// TestCallerLeaves: the node is told to stop the work, the container is
// returned only then, and with the node's word on whether it has survived.
func TestCallerLeaves(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error)
		lost bool
	}{
		{name: "the container survives", end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
			return &nodeservicepb.EndInvocationReply{}, nil
		}},
		{name: "the container goes too", lost: true, end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
			return &nodeservicepb.EndInvocationReply{ContainerLost: true}, nil
		}},
		{name: "the node can't tell", lost: true, end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
			return nil, status.Error(codes.Internal, "broken")
		}},
		{name: "a foreign node"},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun, stopped := make(chan struct{}), make(chan struct{})
			n := &fakeNode{end: test.end, contest: test.end == nil, invoke: func(_ *invokeRequest, stream invokeStream) error {
				close(begun)
				<-stream.Context().Done()
				close(stopped)
				return status.FromContextError(stream.Context().Err()).Err()
			}}
			p := newPlatform(t, &fakeScheduler{}, n)
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-begun
				leave()
			}()
			_, err := p.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", RequestId: "r"})
			if status.Code(err) != codes.Canceled {
				t.Errorf("got %v, want Canceled", err)
			}
			p.settle()
			<-stopped
			wantEnded := []*nodeservicepb.EndInvocationRequest{{RequestId: "r", ContainerId: "c1"}}
			if test.end == nil {
				wantEnded = n.ended // the method does not exist there
			}
			if d := cmp.Diff(wantEnded, n.ended, protocmp.Transform()); d != "" {
				t.Errorf("ended (-want +got):\n%s", d)
			}
			want := []*schedulerpb.ReturnContainerRequest{{
				RequestId: "r", ContainerId: "c1", MaxMemoryUsageInBytes: functionMemory, ErrorCode: "Canceled", ContainerLost: test.lost,
			}}
			if d := cmp.Diff(want, p.scheduler.returned, protocmp.Transform()); d != "" {
				t.Errorf("returned (-want +got):\n%s", d)
			}
		})
	}
}

// TestReturnWaitsForTheWorkToStop: a container must not be granted while it
// still computes for somebody who has left.
func TestReturnWaitsForTheWorkToStop(t *testing.T) {
	begun, ending, stopped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	n := &fakeNode{
		invoke: func(_ *invokeRequest, stream invokeStream) error {
			close(begun)
			<-stopped
			return status.Error(codes.Canceled, "ended")
		},
		end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
			close(ending)
			<-stopped
			return &nodeservicepb.EndInvocationReply{}, nil
		},
	}
	p := newPlatform(t, &fakeScheduler{}, n)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-begun
		leave()
	}()
	_, _ = p.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"})
	<-ending
	p.scheduler.mu.Lock()
	early := len(p.scheduler.returned)
	p.scheduler.mu.Unlock()
	close(stopped)
	p.settle()
	if early != 0 || len(p.scheduler.returned) != 1 {
		t.Errorf("%d returns before the work had stopped, %d in all; want 0 and 1", early, len(p.scheduler.returned))
	}
}

// TestCallerLeavesTheQueue: what was never granted is not returned.
func TestCallerLeavesTheQueue(t *testing.T) {
	waiting := make(chan struct{})
	s := &fakeScheduler{grant: func(ctx context.Context, _ int) (*schedulerpb.AcquireContainerReply, error) {
		close(waiting)
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}}
	p := newPlatform(t, s, &fakeNode{invoke: succeed})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-waiting
		leave()
	}()
	_, err := p.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"})
	if status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	p.settle()
	if len(s.acquired) != 1 || len(s.returned) != 0 {
		t.Errorf("%d acquires and %d returns, want 1 and 0", len(s.acquired), len(s.returned))
	}
}

// TestDeadlineBudget: the caller's deadline bounds the wait and the execution.
func TestDeadlineBudget(t *testing.T) {
	const budget = 300 * time.Millisecond // below the function's own timeout
	begun := make(chan struct{}, 1)
	n := &fakeNode{
		invoke: func(_ *invokeRequest, stream invokeStream) error {
			begun <- struct{}{}
			<-stream.Context().Done()
			return status.FromContextError(stream.Context().Err()).Err()
		},
		end: func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
			return &nodeservicepb.EndInvocationReply{ContainerLost: true}, nil
		},
	}
	p := newPlatform(t, &fakeScheduler{}, n)
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	_, err := p.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", RequestId: "r"})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	<-begun
	p.settle()
	if got := p.scheduler.patience[0]; got <= 0 || got > budget {
		t.Errorf("the scheduler was given %v, want at most %v", got, budget)
	}
	if got := time.Duration(n.invoked[0].GetFunctionMeta().GetTimeoutInMs()) * time.Millisecond; got <= 0 || got > budget {
		t.Errorf("the node was given %v, want at most %v", got, budget)
	}
	if r := p.scheduler.returned; len(r) != 1 || !r[0].GetContainerLost() || r[0].GetErrorCode() != "Canceled" {
		t.Errorf("returned: %v", r)
	}
}

// TestPatienceWithoutDeadline: a little more than a scheduler takes to give up.
func TestPatienceWithoutDeadline(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed})
	if _, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"}); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if got := p.scheduler.patience[0]; got <= 60*time.Second || got > 65*time.Second {
		t.Errorf("the scheduler was given %v, want more than 60 s, at most 65 s", got)
	}
}
