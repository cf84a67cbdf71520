package apiserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

type (
	invokeRequest = nodeservicepb.InvokeFunctionRequest
	invokeStream  = grpc.ServerStreamingServer[nodeservicepb.InvokeFunctionReply]
	header        = nodeservicepb.InvokeFunctionReply_Header
	footer        = nodeservicepb.InvokeFunctionReply_Footer
)

// TestEveryEndReturnsOnce: whatever a node answers, each lease is returned once,
// and says what became of the container.
func TestEveryEndReturnsOnce(t *testing.T) {
	back := func(container, code, message string, lost bool) *schedulerpb.ReturnContainerRequest {
		return &schedulerpb.ReturnContainerRequest{
			RequestId: "r", ContainerId: container, MaxMemoryUsageInBytes: functionMemory, ErrorCode: code, ErrorMessage: message, ContainerLost: lost,
		}
	}
	fail := func(code codes.Code) func(*invokeRequest, invokeStream) error {
		return func(*invokeRequest, invokeStream) error { return status.Error(code, "as the test says") }
	}
	measured := func(r *schedulerpb.ReturnContainerRequest) *schedulerpb.ReturnContainerRequest {
		r.DurationInNanos, r.MaxMemoryUsageInBytes = 7e6, 5<<20
		return r
	}
	// theNodeSays is a result whose function has failed.
	theNodeSays := func(h *header, f *footer) func(*invokeRequest, invokeStream) error {
		h.MaxMemUsageInBytes, f.DurationInNanos = 5<<20, 7e6
		return func(_ *invokeRequest, stream invokeStream) error { return answer(stream, "partial", h, f) }
	}
	for _, test := range []struct {
		name   string
		invoke func(*invokeRequest, invokeStream) error
		code   codes.Code
		// Where the code is OK.
		body, functionError, message string
		returned                     []*schedulerpb.ReturnContainerRequest
	}{
		{
			name: "exception", invoke: theNodeSays(&header{Error: []byte("no such key"), Handled: true}, &footer{Error: "FunctionError", ExceptionType: "KeyError", InvokeException: "Traceback: no such key"}),
			body: `{"errorType":"KeyError","errorMessage":"no such key"}`, functionError: "FunctionError", message: "Traceback: no such key",
			returned: []*schedulerpb.ReturnContainerRequest{measured(back("c1", "FunctionError", "Traceback: no such key", false))},
		},
		{
			name: "timeout", invoke: theNodeSays(&header{Error: []byte("ran longer than its 3s")}, &footer{Error: "Timeout", ContainerLost: true}),
			body: `{"errorType":"Timeout","errorMessage":"ran longer than its 3s"}`, functionError: "Timeout", message: "ran longer than its 3s",
			returned: []*schedulerpb.ReturnContainerRequest{measured(back("c1", "Timeout", "ran longer than its 3s", true))},
		},
		{
			name: "out of memory", invoke: theNodeSays(&header{Error: []byte("too much")}, &footer{Error: "OutOfMemory", ExceptionType: "Runtime.OutOfMemory", ContainerLost: true}),
			body: `{"errorType":"Runtime.OutOfMemory","errorMessage":"too much"}`, functionError: "OutOfMemory", message: "too much",
			returned: []*schedulerpb.ReturnContainerRequest{measured(back("c1", "OutOfMemory", "too much", true))},
		},
		{
			name: "container lost underneath", invoke: fail(codes.Aborted), code: codes.Aborted,
			returned: []*schedulerpb.ReturnContainerRequest{back("c1", "ContainerLost", "", true)},
		},
		{
			name: "node broken", invoke: fail(codes.Internal), code: codes.Internal,
			returned: []*schedulerpb.ReturnContainerRequest{back("c1", "ContainerLost", "", true)},
		},
		{
			name: "node refuses", invoke: fail(codes.ResourceExhausted), code: codes.ResourceExhausted,
			returned: []*schedulerpb.ReturnContainerRequest{back("c1", "PlatformError", "", false)},
		},
		{
			name: "node lost in the middle", code: codes.Aborted,
			invoke: func(_ *invokeRequest, stream invokeStream) error {
				if err := stream.Send(&nodeservicepb.InvokeFunctionReply{Header: &header{}, Body: []byte("part")}); err != nil {
					return err
				}
				return status.Error(codes.Unavailable, "connection reset")
			},
			returned: []*schedulerpb.ReturnContainerRequest{back("c1", "ContainerLost", "", true)},
		},
		{
			name: "no such container, ever", invoke: fail(codes.NotFound), code: codes.Unavailable,
			returned: []*schedulerpb.ReturnContainerRequest{
				back("c1", "ContainerLost", "", true), back("c2", "ContainerLost", "", true), back("c3", "ContainerLost", "", true),
				back("c4", "ContainerLost", "", true), back("c5", "ContainerLost", "", true),
			},
		},
		{
			name: "no such container at first",
			invoke: func(req *invokeRequest, stream invokeStream) error {
				if req.GetContainerId() == "c1" {
					return status.Error(codes.NotFound, "no such container")
				}
				return answer(stream, "second", &header{MaxMemUsageInBytes: 5 << 20}, &footer{DurationInNanos: 7e6})
			},
			body:     "second",
			returned: []*schedulerpb.ReturnContainerRequest{back("c1", "ContainerLost", "", true), measured(back("c2", "", "", false))},
		},
	} {
		eachWay(t, test.name, func(t *testing.T, s *fakeScheduler, n *fakeNode) {
			n.invoke = test.invoke
			p := newPlatform(t, s, n)
			got, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", RequestId: "r"})
			if status.Code(err) != test.code {
				t.Errorf("got %v, want %v", err, test.code)
			}
			if string(got.GetBody()) != test.body || got.GetFunctionError() != test.functionError || got.GetFunctionErrorMessage() != test.message {
				t.Errorf("reply: %v", got)
			}
			p.settle()
			if d := cmp.Diff(test.returned, p.scheduler.returned, protocmp.Transform()); d != "" {
				t.Errorf("returned (-want +got):\n%s", d)
			}
			if len(p.scheduler.acquired) != len(test.returned) || len(p.node.invoked) != len(test.returned) {
				t.Errorf("%d acquires and %d invocations for %d returns", len(p.scheduler.acquired), len(p.node.invoked), len(test.returned))
			}
		})
	}
}

// eachWay runs a test over peers that have sessions, over a node without, and over
// peers that have the contest's calls alone.
func eachWay(t *testing.T, name string, run func(t *testing.T, s *fakeScheduler, n *fakeNode)) {
	t.Run(name, func(t *testing.T) {
		t.Run("session", func(t *testing.T) { run(t, &fakeScheduler{}, &fakeNode{}) })
		t.Run("unary", func(t *testing.T) { run(t, &fakeScheduler{}, &fakeNode{calls: true}) })
		t.Run("contest", func(t *testing.T) { run(t, &fakeScheduler{contest: true}, &fakeNode{contest: true}) })
	})
}

// TestStreamingNodeIsAskedOnce: every further attempt would be one for nothing.
func TestStreamingNodeIsAskedOnce(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed, contest: true})
	for range 3 {
		if got, err := invoke(t, p); err != nil || string(got.GetBody()) != "done" {
			t.Errorf("got %v, %v", got, err)
		}
	}
	p.settle()
	if p.node.unary != 1 || len(p.node.invoked) != 3 {
		t.Errorf("%d unary calls for %d invocations, want 1 for 3", p.node.unary, len(p.node.invoked))
	}
}

// TestBodyInParts: a large result comes in several messages.
func TestBodyInParts(t *testing.T) {
	eachWay(t, "parts", func(t *testing.T, s *fakeScheduler, n *fakeNode) {
		n.invoke = func(_ *invokeRequest, stream invokeStream) error {
			for _, part := range []*nodeservicepb.InvokeFunctionReply{{Header: &header{}}, {Body: []byte("one ")}, {Body: []byte("two ")}, {Body: []byte("three")}, {Footer: &footer{}}} {
				if err := stream.Send(part); err != nil {
					return err
				}
			}
			return nil
		}
		p := newPlatform(t, s, n)
		if got, err := invoke(t, p); err != nil || string(got.GetBody()) != "one two three" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestColdStart: the node knows best; where it does not tell, the scheduler is believed.
func TestColdStart(t *testing.T) {
	for _, test := range []struct {
		told, fresh bool
		age         time.Duration
		want        bool
	}{
		{told: true, want: true},
		{},
		{age: 2 * time.Millisecond, fresh: true, want: true},
		{age: 2 * time.Millisecond, told: true}, // somebody was there before
		{age: time.Second, fresh: true, told: true},
	} {
		o := outcome{age: test.age, fresh: test.fresh}
		if got := o.coldStart(&schedulerpb.AcquireContainerReply{ColdStart: test.told}, 500*time.Millisecond); got != test.want {
			t.Errorf("%+v: cold %v", test, got)
		}
	}
}
