package resourcemanager_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/internal/rpc"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider/local"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
)

// The test binary plays the nodes, and the ResourceManager that is to be killed.
const poolRole = "resourcemanager"

func TestMain(m *testing.M) {
	// The race detector makes each process linger for a second at its end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	nodetest.Main()
	if len(os.Args) == 3 && os.Args[1] == poolRole {
		if err := servePool(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// servePool is a whole ResourceManager: it prints its address and runs until SIGTERM.
func servePool(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	line, err := process.InheritedLifeline()
	if err != nil {
		return err
	}
	cfg, err := config(dir, line)
	if err != nil {
		return err
	}
	s, err := resourcemanager.New(cfg)
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := grpc.NewServer()
	resourcemanagerpb.RegisterResourceManagerServer(srv, s)
	go func() { _ = srv.Serve(lis) }()
	fmt.Println(lis.Addr())
	return s.Run(ctx)
}

// ports gives each pool a range of its own below those that the kernel hands
// out; ports in use are skipped.
var ports atomic.Int64

func config(dir string, line *process.Lifeline) (resourcemanager.Config, error) {
	const width = 50
	first := 20000 + (os.Getpid()*7+int(ports.Add(1))*width)%10000
	nodes, err := local.New(local.Config{
		Dir:       filepath.Join(dir, "nodes"),
		Command:   nodetest.Command,
		FirstPort: first,
		LastPort:  first + width - 1,
		Lifeline:  line,
	})
	cfg := resourcemanager.DefaultConfig()
	cfg.Provider = nodes
	cfg.StateDir = dir
	cfg.Initial, cfg.Max = 2, 2
	cfg.RefillDelay = 50 * time.Millisecond
	return cfg, err
}

// pool is a ResourceManager under test, called by real gRPC.
type pool struct {
	resourcemanagerpb.ResourceManagerClient
	t    testing.TB
	dir  string
	stop func() error // graceful; repeating it is legal
}

// newPool runs a ResourceManager in this process until the test ends, with
// nodes that are processes. It returns when they are up.
func newPool(t testing.TB, dir string, adapt func(*resourcemanager.Config)) *pool {
	t.Helper()
	cfg, err := config(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if adapt != nil {
		adapt(&cfg)
	}
	return run(t, cfg)
}

func run(t testing.TB, cfg resourcemanager.Config) *pool {
	t.Helper()
	s, err := resourcemanager.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	resourcemanagerpb.RegisterResourceManagerServer(srv, s)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	var runErr error
	go func() {
		defer close(ran)
		runErr = s.Run(ctx)
	}()
	p := &pool{t: t, dir: cfg.StateDir, stop: func() error { cancel(); <-ran; return runErr }}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error("run:", err)
		}
		srv.Stop()
		if err := <-served; err != nil {
			t.Error("serve:", err)
		}
	})
	p.ResourceManagerClient = client(t, lis.Addr().String())
	select {
	case <-s.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("pool does not get ready")
	}
	return p
}

func client(t testing.TB, address string) resourcemanagerpb.ResourceManagerClient {
	t.Helper()
	conn, err := rpc.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return resourcemanagerpb.NewResourceManagerClient(conn)
}

func (p *pool) reserve(account string) *resourcemanagerpb.NodeDesc {
	p.t.Helper()
	reply, err := p.ReserveNode(p.t.Context(), &resourcemanagerpb.ReserveNodeRequest{AccountId: account})
	if err != nil {
		p.t.Fatal("reserve:", err)
	}
	return reply.Node
}

func (p *pool) release(id string) {
	p.t.Helper()
	if _, err := p.ReleaseNode(p.t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: id}); err != nil {
		p.t.Fatalf("release %s: %v", id, err)
	}
}

func (p *pool) usage() []*resourcemanagerpb.NodeDesc {
	p.t.Helper()
	reply, err := p.GetNodesUsage(p.t.Context(), &resourcemanagerpb.GetNodesUsageRequest{})
	if err != nil {
		p.t.Fatal("usage:", err)
	}
	return reply.Nodes
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("error = %v, want %v", err, want)
	}
}

// watch returns a function that waits for the next event of a kind.
func (p *pool) watch() func(resourcemanagerpb.NodeEvent_Kind) *resourcemanagerpb.NodeEvent {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	p.t.Cleanup(cancel)
	stream, err := p.WatchNodes(ctx, &resourcemanagerpb.WatchNodesRequest{})
	if err != nil {
		p.t.Fatal("watch:", err)
	}
	next := func(kind resourcemanagerpb.NodeEvent_Kind) *resourcemanagerpb.NodeEvent {
		p.t.Helper()
		for {
			ev, err := stream.Recv()
			if err != nil {
				p.t.Fatalf("watch for %v: %v", kind, err)
			}
			if ev.Kind == kind {
				return ev
			}
		}
	}
	first, err := stream.Recv()
	if err != nil || first.Kind != resourcemanagerpb.NodeEvent_KIND_WATCHING {
		p.t.Fatalf("first event = %v, %v", first, err)
	}
	return next
}

// awaitAvailable waits until so many nodes can be reserved.
func (p *pool) awaitAvailable(want int32) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := p.WatchNodes(ctx, &resourcemanagerpb.WatchNodesRequest{})
	for have := int32(-1); have != want; {
		var ev *resourcemanagerpb.NodeEvent
		if err == nil {
			ev, err = stream.Recv()
		}
		if err != nil {
			p.t.Fatalf("%d nodes available, want %d: %v", have, want, err)
		}
		have = ev.Available
	}
}

// find finds the process of a node by the pool's own records.
func (p *pool) find(node string) (*process.Process, error) {
	raw, err := os.ReadFile(filepath.Join(p.dir, "nodes", node+".json"))
	if err != nil {
		return nil, err
	}
	var record struct{ Handle process.Identity }
	if err := json.Unmarshal(raw, &record); err != nil {
		return nil, err
	}
	return process.Find(record.Handle)
}

func (p *pool) process(node string) *process.Process {
	p.t.Helper()
	proc, err := p.find(node)
	if err != nil {
		p.t.Fatal(err)
	}
	return proc
}

func dies(t *testing.T, proc *process.Process, within time.Duration) {
	t.Helper()
	select {
	case <-proc.Done():
	case <-time.After(within):
		t.Errorf("process %d still runs after %v", proc.ID().PID, within)
	}
}
