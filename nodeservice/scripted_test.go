package nodeservice

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// scripted is a runtime that does as the test says, and counts what is alive.
type scripted struct {
	// create decides what becomes of Create; nil lets it succeed.
	create func(ctx context.Context) error
	// invoke is what containers answer; it ends with ctx, or with the container.
	invoke func(ctx context.Context, c *scriptedContainer, inv sandbox.Invocation) (sandbox.Result, error)

	mu         sync.Mutex // guards what follows
	alive      map[string]*scriptedContainer
	specs      []sandbox.Spec
	reads      int
	usage      sandbox.Usage
	usageErr   error
	killErrors []error // of the next kills
	resizeErr  error
}

type scriptedContainer struct {
	runtime *scripted
	id      string
	done    chan struct{}
	memory  int64 // as it was resized to
	frozen  bool
}

func (r *scripted) Create(ctx context.Context, spec sandbox.Spec) (sandbox.Container, error) {
	if r.create != nil {
		if err := r.create(ctx); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &scriptedContainer{runtime: r, id: spec.ID, done: make(chan struct{})}
	if r.alive == nil {
		r.alive = map[string]*scriptedContainer{}
	}
	r.alive[spec.ID] = c
	r.specs = append(r.specs, spec)
	return c, nil
}

func (r *scripted) Usage() (sandbox.Usage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return r.usage, r.usageErr
}

func (r *scripted) Close() error { return nil }

func (r *scripted) living() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.alive)
}

func (c *scriptedContainer) Invoke(ctx context.Context, inv sandbox.Invocation) (sandbox.Result, error) {
	return c.runtime.invoke(ctx, c, inv)
}

func (c *scriptedContainer) Usage() (sandbox.Usage, error) {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	if c.runtime.alive[c.id] == nil {
		return sandbox.Usage{}, sandbox.ErrLost
	}
	return c.runtime.usage, c.runtime.usageErr
}

func (c *scriptedContainer) Kill() error {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	if failures := c.runtime.killErrors; len(failures) > 0 {
		c.runtime.killErrors = failures[1:]
		return failures[0]
	}
	if c.runtime.alive[c.id] != nil {
		delete(c.runtime.alive, c.id)
		close(c.done)
	}
	return nil
}

func (c *scriptedContainer) Done() <-chan struct{} { return c.done }

func (c *scriptedContainer) Resize(memory int64) error {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	if c.runtime.resizeErr != nil {
		return c.runtime.resizeErr
	}
	c.memory = memory
	return nil
}

func (c *scriptedContainer) Frozen() bool {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	return c.frozen
}

// untilKilled is an invocation that goes on until its container dies or its caller leaves.
func untilKilled(ctx context.Context, c *scriptedContainer, _ sandbox.Invocation) (sandbox.Result, error) {
	select {
	case <-c.done:
		return sandbox.Result{Lost: true}, errors.Join(sandbox.ErrLost, errors.New("killed"))
	case <-ctx.Done():
		return sandbox.Result{}, context.Cause(ctx)
	}
}

// testNode is a node that serves calls, with one function called hello.
type testNode struct {
	nodeservicepb.NodeServiceClient
	server  *Server
	runtime *scripted
}

// manifest declares the one function of the tests.
func manifest(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "functions.yaml")
	if err := os.WriteFile(file, []byte("functions: [{name: hello, runtime: binary, code: ., memory: 64MiB, timeout: 9s}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func serve(t testing.TB, r sandbox.Runtime) (*Server, nodeservicepb.NodeServiceClient) {
	t.Helper()
	functions, err := function.Load(manifest(t))
	if err != nil {
		t.Fatal(err)
	}
	server := New(Config{Functions: functions, Runtime: r, Memory: 4 << 30, Disk: t.TempDir(), Log: zap.NewNop()})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := grpc.NewServer(grpc.MaxRecvMsgSize(rpc.MaxMessage))
	nodeservicepb.RegisterNodeServiceServer(front, server)
	go func() { _ = front.Serve(lis) }()
	conn, err := rpc.Dial(lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		front.Stop()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, nodeservicepb.NewNodeServiceClient(conn)
}

func newTestNode(t testing.TB, r *scripted) *testNode {
	t.Helper()
	server, client := serve(t, r)
	return &testNode{NodeServiceClient: client, server: server, runtime: r}
}

func create(name string, epoch int64) *nodeservicepb.CreateContainerRequest {
	return &nodeservicepb.CreateContainerRequest{Name: name, Epoch: epoch, FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: "hello"}}
}

func (n *testNode) mustCreate(t testing.TB, name string) string {
	t.Helper()
	reply, err := n.CreateContainer(t.Context(), create(name, 0))
	if err != nil {
		t.Fatal(err)
	}
	return reply.GetContainerId()
}

func (n *testNode) stats(t testing.TB) *nodeservicepb.GetStatsReply {
	t.Helper()
	reply, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}
