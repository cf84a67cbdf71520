package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// evil is a scheduler that does what none must do.
type evil struct {
	schedulerpb.UnimplementedSchedulerServer
	rm resourcemanagerpb.ResourceManagerClient

	mu      sync.Mutex // guards what follows
	acquire func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error)
	node    *resourcemanagerpb.NodeDesc
	client  nodeservicepb.NodeServiceClient
	made    map[string]string // containers, by function
}

func (e *evil) AcquireContainer(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	e.mu.Lock()
	acquire := e.acquire
	e.mu.Unlock()
	return acquire(ctx, req)
}

func (e *evil) ReturnContainer(context.Context, *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	return nil, errors.New("keep it")
}

// container is the one of the function, made at its first use.
func (e *evil) container(ctx context.Context, function string) (*schedulerpb.AcquireContainerReply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.node == nil {
		reply, err := e.rm.ReserveNode(ctx, &resourcemanagerpb.ReserveNodeRequest{})
		if err != nil {
			return nil, err
		}
		conn, err := rpc.Dial(rpc.HostPort(reply.GetNode().GetAddress(), reply.GetNode().GetNodeServicePort()))
		if err != nil {
			return nil, err
		}
		e.node, e.client = reply.GetNode(), nodeservicepb.NewNodeServiceClient(conn)
	}
	if e.made[function] == "" {
		made, err := e.client.CreateContainer(ctx, &nodeservicepb.CreateContainerRequest{FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: function}})
		if err != nil {
			return nil, err
		}
		e.made[function] = made.GetContainerId()
	}
	return e.grant(e.made[function]), nil
}

func (e *evil) grant(container string) *schedulerpb.AcquireContainerReply {
	return &schedulerpb.AcquireContainerReply{
		NodeId: e.node.GetId(), NodeAddress: e.node.GetAddress(), NodeServicePort: e.node.GetNodeServicePort(), ContainerId: container,
	}
}

// TestEvilSchedulers: whatever a scheduler answers, its run ends in time, counts
// every call, and says what was wrong.
func TestEvilSchedulers(t *testing.T) {
	const first, second = "default/first", "default/second"
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	workload := smallWorkload(t)
	p := startContest(t, workload, lis.Addr().String())
	e := &evil{rm: resourcemanagerpb.NewResourceManagerClient(connect(t, p, resourceManagerPort)), made: map[string]string{}}
	server := grpc.NewServer()
	schedulerpb.RegisterSchedulerServer(server, e)
	go server.Serve(lis)
	t.Cleanup(server.Stop)

	bare := func(function string) string { return strings.SplitN(function, "@", 2)[0] }
	for _, test := range []struct {
		name     string
		acquire  func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error)
		failures int // of 8 calls, 4 for each function
		trouble  string
	}{
		{"honest", func(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return e.container(ctx, req.GetFunctionName())
		}, 0, ""},
		{"the same container for ever", func(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return e.container(ctx, first)
		}, 4, "another function's"},
		{"a container of another function", func(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			if bare(req.GetFunctionName()) == first {
				return e.container(ctx, second)
			}
			return e.container(ctx, first)
		}, 8, "another function's"},
		{"an unknown container", func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return e.grant("nobody's"), nil
		}, 8, "on no node"},
		{"a node that is not there", func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return &schedulerpb.AcquireContainerReply{NodeAddress: "127.0.0.1", NodeServicePort: 1, ContainerId: "c"}, nil
		}, 8, "on no node"},
		{"nothing at all", func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return &schedulerpb.AcquireContainerReply{}, nil
		}, 8, "on no node"},
		{"an error each time", func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			return nil, status.Error(codes.Internal, "out of order")
		}, 8, "answers that are an error, Internal"},
		{"never", func(ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, 8, "without an answer at the end of the run"},
		{"10 s late", func(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
			select {
			case <-time.After(10 * time.Second / contestScale):
			case <-ctx.Done():
			}
			return e.container(ctx, req.GetFunctionName())
		}, 0, "granted 10s or more after they were asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e.mu.Lock()
			e.acquire = test.acquire
			e.mu.Unlock()
			run := playContest(t, p, workload, contest.Config{Name: test.name, Endpoint: lis.Addr().String()})
			if run.Calls != 8 || run.Failures != test.failures || run.Partial || run.Unanswered != 0 {
				t.Errorf("%d calls, %d failures, partial %v; want 8 and %d: %v", run.Calls, run.Failures, run.Partial, test.failures, run.Troubles)
			}
			if test.trouble == "" {
				if len(run.Troubles) != 0 {
					t.Errorf("troubles %v, want none", run.Troubles)
				}
				return
			}
			want := max(test.failures, 1)
			if len(run.Troubles) == 0 || !strings.Contains(run.Troubles[0].Kind, test.trouble) || run.Troubles[0].Count < want || run.Troubles[0].First == "" {
				t.Errorf("troubles %+v, want first %d of %q", run.Troubles, want, test.trouble)
			}
		})
	}
}

// contestScale makes 10 s of the platform half a second.
const contestScale = 20

// smallWorkload has four calls of each of two functions within 4 s.
func smallWorkload(t *testing.T) *trace.Workload {
	t.Helper()
	rows := []string{"offset_ms,function,duration_ms,memory_mb"}
	for _, offset := range []string{"0", "1000", "2000", "4000"} {
		rows = append(rows, offset+",first,5,128", offset+",second,5,128")
	}
	w, err := trace.ReadCSV(strings.NewReader(strings.Join(rows, "\n")), "small", 0)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// startContest brings up a simulated platform whose scheduler is at endpoint, or
// missing yet if that is empty.
func startContest(t *testing.T, workload *trace.Workload, endpoint string) *platform {
	t.Helper()
	stage, err := newStage(&logFlags{LogLevel: "info", LogFormat: "text"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := declareSimulated(workload, stage.functions()); err != nil {
		t.Fatal(err)
	}
	c := contestCommand{Nodes: "simulated", TimeScale: contestScale, CreateScale: 1, Available: 2, MaxNodes: 2}
	p, err := stage.platform(t.Context(), platformConfig{
		schedulerEndpoint: endpoint, withoutScheduler: true,
		sandbox: c.sandbox(stage.functions()), announce: announceFlags{Announce: true}, pool: c.pool(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(p.stop(), stage.close()); err != nil {
			t.Error(err)
		}
		if left := processesOf(p.cfg.sandbox.StateDir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return p
}

// playContest plays to a scheduler; cfg says which.
func playContest(t *testing.T, p *platform, workload *trace.Workload, cfg contest.Config) *report.ContestRun {
	t.Helper()
	cfg.Workload, cfg.Platform, cfg.TimeScale = workload, "simulated", contestScale
	cfg.APIServer, cfg.ResourceManager = connect(t, p, apiserverPort), connect(t, p, resourceManagerPort)
	cfg.Grace, cfg.Patience = time.Second, time.Second
	run, err := contest.Play(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return run
}
