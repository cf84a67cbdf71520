package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// evils are the kinds of schedulers that do so.
var evils = []struct {
	name     string
	acquire  func(*evil, context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error)
	failures int // of 8 calls, 4 for each function
	trouble  string
}{
	{"honest", func(e *evil, ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return e.container(ctx, req.GetFunctionName())
	}, 0, ""},
	{"the same container for ever", func(e *evil, ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return e.container(ctx, first)
	}, 4, "another function's"},
	{"a container of another function", func(e *evil, ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		if bare := strings.SplitN(req.GetFunctionName(), "@", 2)[0]; bare == first {
			return e.container(ctx, second)
		}
		return e.container(ctx, first)
	}, 8, "another function's"},
	{"an unknown container", func(e *evil, ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		if _, err := e.container(ctx, first); err != nil {
			return nil, err
		}
		return e.grant("nobody's"), nil
	}, 8, "on no node"},
	{"a node that is not there", func(*evil, context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return &schedulerpb.AcquireContainerReply{NodeAddress: "127.0.0.1", NodeServicePort: 1, ContainerId: "c"}, nil
	}, 8, "on no node"},
	{"nothing at all", func(*evil, context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return &schedulerpb.AcquireContainerReply{}, nil
	}, 8, "on no node"},
	{"an error each time", func(*evil, context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return nil, status.Error(codes.Internal, "out of order")
	}, 8, "answers that are an error, Internal"},
	{"never", func(_ *evil, ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, 8, "without an answer at the end of the run"},
	{"10 s late", func(e *evil, ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		select {
		case <-time.After(10 * time.Second / contestScale):
		case <-ctx.Done():
		}
		return e.container(ctx, req.GetFunctionName())
	}, 0, "granted 10s or more after they were asked for"},
}

// The functions of smallWorkload, as a scheduler gets to know them.
const first, second = "default/first", "default/second"

// evilEnv makes the test binary one of the evils, by its index.
const evilEnv = "MINIFAAS_TEST_EVIL"

// beEvil is a scheduler as a contest starts it.
func beEvil(index string) error {
	i, err := strconv.Atoi(index)
	if err != nil {
		return err
	}
	conn, err := rpc.Dial(os.Getenv("RESOURCE_MANAGER_ENDPOINT"))
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("SERVICE_PORT"))
	if err != nil {
		return err
	}
	e := &evil{rm: resourcemanagerpb.NewResourceManagerClient(conn), made: map[string]string{}}
	e.acquire = func(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		return evils[i].acquire(e, ctx, req)
	}
	server := grpc.NewServer()
	schedulerpb.RegisterSchedulerServer(server, e)
	return server.Serve(lis)
}

// TestEvilSchedulers: whatever a scheduler answers, its run ends in time, counts every
// call, and the JSON and the page say what was wrong.
func TestEvilSchedulers(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	workload, page := filepath.Join(folder, "small.csv"), filepath.Join(folder, "report.html")
	if err := os.WriteFile(workload, []byte(smallCalls), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--workload", workload, "--no-baseline", "--time-scale", strconv.Itoa(contestScale), "--patience", "1s", "--html", page}
	for i := range evils {
		args = append(args, "--command", fmt.Sprintf("%s=%d exec %s", evilEnv, i, executable))
	}
	var stdout, stderr bytes.Buffer
	cmd := contestProgram(t, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	runs, err := report.ReadContest(&stdout)
	if err != nil || len(runs) != len(evils) {
		t.Fatalf("%d runs of %d, %v", len(runs), len(evils), err)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	notReturned := false
	for i, test := range evils {
		t.Run(test.name, func(t *testing.T) {
			run := runs[i]
			// None of them takes a container back; most are in worse trouble before.
			run.Troubles = slices.DeleteFunc(run.Troubles, func(t report.Trouble) bool {
				told := strings.HasPrefix(t.Kind, "calls of ReturnContainer that failed") && strings.Contains(t.First, "keep it")
				notReturned = notReturned || told
				return told
			})
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
				t.Fatalf("troubles %+v, want first %d of %q", run.Troubles, want, test.trouble)
			}
			if told := template.HTMLEscapeString(run.Troubles[0].First); !bytes.Contains(html, []byte(told)) {
				t.Errorf("the page does not say %q", told)
			}
		})
	}
	if !notReturned {
		t.Error("nobody is told that ReturnContainer fails")
	}
}

// contestScale makes 10 s of the platform half a second.
const contestScale = 20

// smallCalls are four of each of two functions within 4 s.
const smallCalls = `offset_ms,function,duration_ms,memory_mb
0,first,5,128
0,second,5,128
1000,first,5,128
1000,second,5,128
2000,first,5,128
2000,second,5,128
4000,first,5,128
4000,second,5,128
`

// smallWorkload is that of smallCalls.
func smallWorkload(t *testing.T) *trace.Workload {
	t.Helper()
	w, err := trace.ReadCSV(strings.NewReader(smallCalls), "small", 0)
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
