package apiserver

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

func TestInvoke(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed})
	p.scheduler.grant = func(context.Context, int) (*schedulerpb.AcquireContainerReply, error) {
		lease := p.node.lease("c")
		lease.ColdStart = true
		return lease, nil
	}
	got, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: []byte("event"), RequestId: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetScheduleLatencyInNanos() <= 0 {
		t.Errorf("schedule latency %d", got.GetScheduleLatencyInNanos())
	}
	p.settle()
	want := &apiserverpb.InvokeFunctionReply{
		RequestId: "mine", Body: []byte("done"), ContainerId: "c", ColdStart: true, DurationInNanos: 7e6, CpuTimeInNanos: 2e6,
		MaxMemoryUsageInBytes: 5 << 20, FunctionLog: "log",
	}
	timing := protocmp.IgnoreFields(got, "schedule_latency_in_nanos", "server_side_latency_in_ms")
	if d := cmp.Diff(want, got, protocmp.Transform(), timing); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
	name := p.scheduler.acquired[0].GetFunctionName()
	if !strings.HasPrefix(name, "default/hello@") {
		t.Errorf("the scheduler was given %q, want the qualified name", name)
	}
	wantAcquire := []*schedulerpb.AcquireContainerRequest{{
		RequestId: "mine", AccountId: "default", FunctionName: name,
		FunctionConfig: &schedulerpb.FunctionConfig{
			TimeoutInMs: functionTimeout.Milliseconds(), MemoryInBytes: functionMemory, Handler: "run", Concurrency: 3,
		},
	}}
	if d := cmp.Diff(wantAcquire, p.scheduler.acquired, protocmp.Transform()); d != "" {
		t.Errorf("acquired (-want +got):\n%s", d)
	}
	wantInvoke := []*nodeservicepb.InvokeFunctionRequest{{
		RequestId: "mine", ContainerId: "c", Event: []byte("event"),
		FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: name, Handler: "run", TimeoutInMs: functionTimeout.Milliseconds(), MemoryInBytes: functionMemory},
	}}
	if d := cmp.Diff(wantInvoke, p.node.invoked, protocmp.Transform()); d != "" {
		t.Errorf("invoked (-want +got):\n%s", d)
	}
	wantReturn := []*schedulerpb.ReturnContainerRequest{{
		RequestId: "mine", ContainerId: "c", DurationInNanos: 7e6, MaxMemoryUsageInBytes: 5 << 20, CpuTimeInNanos: 2e6,
	}}
	if d := cmp.Diff(wantReturn, p.scheduler.returned, protocmp.Transform()); d != "" {
		t.Errorf("returned (-want +got):\n%s", d)
	}
}

func TestRequestIDIsMadeUp(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed})
	seen := map[string]bool{}
	for range 3 {
		got, err := p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := uuid.Parse(got.GetRequestId()); err != nil || seen[got.GetRequestId()] {
			t.Errorf("request id %q: %v", got.GetRequestId(), err)
		}
		seen[got.GetRequestId()] = true
	}
	p.settle()
	for _, req := range p.scheduler.returned {
		if !seen[req.GetRequestId()] {
			t.Errorf("returned under %q, which no reply has", req.GetRequestId())
		}
	}
}

// TestNothingIsAcquiredForBadRequests: they cost nobody a container.
func TestNothingIsAcquiredForBadRequests(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed})
	for _, test := range []struct {
		name    string
		req     *apiserverpb.InvokeFunctionRequest
		want    codes.Code
		message string
	}{
		{"unknown function", &apiserverpb.InvokeFunctionRequest{FunctionName: "nobody"}, codes.NotFound, `"nobody"`},
		{"another account", &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", AccountId: "other"}, codes.NotFound, `"hello"`},
		{"no version like that", &apiserverpb.InvokeFunctionRequest{FunctionName: "hello@7"}, codes.NotFound, `"hello@7"`},
		{"no name", &apiserverpb.InvokeFunctionRequest{}, codes.NotFound, "no function name"},
		{"large event", &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: make([]byte, rpc.MaxEvent+1)}, codes.ResourceExhausted, "the limit is 6291456"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Not through a client: the transport has a limit of its own.
			_, err := p.server.InvokeFunction(t.Context(), test.req)
			if status.Code(err) != test.want || !strings.Contains(status.Convert(err).Message(), test.message) {
				t.Errorf("got %v, want %v with %q", err, test.want, test.message)
			}
		})
	}
	if _, err := p.server.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: make([]byte, rpc.MaxEvent)}); err != nil {
		t.Errorf("the largest event: %v", err)
	}
	p.settle()
	if n := len(p.scheduler.acquired); n != 1 {
		t.Errorf("%d acquires, want that of the largest event alone", n)
	}
}

func TestListFunctions(t *testing.T) {
	p := newPlatform(t, &fakeScheduler{}, &fakeNode{invoke: succeed})
	got, err := p.ListFunctions(t.Context(), &apiserverpb.ListFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := []*apiserverpb.FunctionConfig{{
		FunctionName: "hello", TimeoutInMs: functionTimeout.Milliseconds(), MemoryInBytes: functionMemory, Handler: "run",
		Runtime: "binary", AccountId: "default", Concurrency: 3,
	}}
	if d := cmp.Diff(want, got.GetFunctions(), protocmp.Transform(), protocmp.IgnoreFields(&apiserverpb.FunctionConfig{}, "version")); d != "" {
		t.Errorf("functions (-want +got):\n%s", d)
	}
	if got.GetRequestId() == "" || got.GetFunctions()[0].GetVersion() == "" {
		t.Errorf("no request id, or no version: %v", got)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	_, err := New(Config{NodeConnections: -1, AcquireTimeout: -time.Second})
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{"SCHEDULER_ENDPOINT", "node connections", "acquire timeout"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %s in:\n%v", want, err)
		}
	}
}
