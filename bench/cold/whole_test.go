package cold

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// platform is an APIServer and a Scheduler whose containers are on one node.
type platform struct {
	apiserverpb.APIServerClient
	schedulerpb.SchedulerClient
	node  *fakeNode
	calls int
	// warm says which cold calls find a container all the same; nil is none.
	warm func(call int) bool
}

func (p *platform) InvokeFunction(ctx context.Context, req *apiserverpb.InvokeFunctionRequest, _ ...grpc.CallOption) (*apiserverpb.InvokeFunctionReply, error) {
	p.calls++
	p.node.mu.Lock()
	id := ""
	for container, function := range p.node.alive {
		if function == req.GetFunctionName() {
			id = container
		}
	}
	p.node.mu.Unlock()
	cold := id == ""
	if cold {
		created, err := p.node.CreateContainer(ctx, &nodeservicepb.CreateContainerRequest{
			FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: req.GetFunctionName()},
		})
		if err != nil {
			return nil, err
		}
		id = created.GetContainerId()
	}
	return &apiserverpb.InvokeFunctionReply{
		RequestId: fmt.Sprint("r", p.calls), ContainerId: id, DurationInNanos: 7,
		ColdStart: cold && (p.warm == nil || !p.warm(p.calls)),
	}, nil
}

func (p *platform) Explain(_ context.Context, req *schedulerpb.ExplainRequest, _ ...grpc.CallOption) (*schedulerpb.ExplainReply, error) {
	if req.GetRequestId() != fmt.Sprint("r", p.calls) {
		return nil, fmt.Errorf("request %s was not the last", req.GetRequestId())
	}
	return &schedulerpb.ExplainReply{ColdStart: &schedulerpb.ColdStart{DecideNanos: 1, TakeNanos: 2, ImportNanos: 3}}, nil
}

func TestMeasureWhole(t *testing.T) { synctest.Test(t, testMeasureWhole) }

func testMeasureWhole(t *testing.T) {
	const starts, found = 8, 2*(WholeFunctions+1) + 1 // the second one that counts
	own := &fakeNode{turns: make(chan struct{}, 1), takes: time.Millisecond}
	served := &fakeNode{turns: make(chan struct{}, 1), takes: 2 * time.Millisecond, epoch: 5}
	p := &platform{node: served, warm: func(call int) bool { return call == found }}
	got, err := MeasureWhole(t.Context(), WholeConfig{APIServer: p, Scheduler: p, Node: own, Served: served, Starts: starts})
	if err != nil || got.Partial {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(got.Cold) != starts-1 || len(got.Warm) != starts-1 || len(got.Container) != starts-1 || got.Ratio() != 2 {
		t.Errorf("%d cold calls, %d warm ones and %d containers, ratio %v; want %d of each, ratio 2",
			len(got.Cold), len(got.Warm), len(got.Container), got.Ratio(), starts-1)
	}
	if got.Failed != 1 || !strings.Contains(got.Failure, "cold start is false") {
		t.Errorf("%d failed, the first: %s", got.Failed, got.Failure)
	}
	if p := got.Phases; p.Decide != 1 || p.Take != 2 || p.Import != 3 || p.FirstCall != 7 {
		t.Errorf("phases %+v", p)
	}
	own.wantEmpty(t)
	served.wantEmpty(t) // with the epoch that it has been told
}

func TestWholeRatio(t *testing.T) {
	w := &Whole{Container: Times{6 * time.Millisecond}, Warm: Times{2 * time.Millisecond}, Cold: Times{12 * time.Millisecond}}
	if got := w.Ratio(); got != 1.5 {
		t.Errorf("%v, want 1.5", got)
	}
}
