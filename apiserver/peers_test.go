package apiserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// The one function of the tests.
const (
	functionTimeout = 3 * time.Second
	functionMemory  = 64 << 20
)

// fakeScheduler grants as grant says and writes down what it is told.
type fakeScheduler struct {
	schedulerpb.UnimplementedSchedulerServer
	address string
	server  *grpc.Server
	// contest: it has the calls of the contest alone, so no Session.
	contest bool
	// grant answers the attempt with that number, from 1 up.
	grant func(ctx context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error)
	// take answers a return; nil means OK.
	take func(attempt int) error
	// announce answers AnnounceFunctions; nil means that the scheduler does not know the method.
	announce func(ctx context.Context) error

	mu        sync.Mutex // guards what follows
	acquired  []*schedulerpb.AcquireContainerRequest
	patience  []time.Duration // of each acquire, by its deadline
	returned  []*schedulerpb.ReturnContainerRequest
	announced []*schedulerpb.AnnounceFunctionsRequest
}

func (s *fakeScheduler) AcquireContainer(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	s.mu.Lock()
	s.acquired = append(s.acquired, req)
	if deadline, ok := ctx.Deadline(); ok {
		s.patience = append(s.patience, time.Until(deadline))
	}
	attempt := len(s.acquired)
	s.mu.Unlock()
	return s.grant(ctx, attempt)
}

func (s *fakeScheduler) ReturnContainer(_ context.Context, req *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	s.mu.Lock()
	s.returned = append(s.returned, req)
	attempt := len(s.returned)
	s.mu.Unlock()
	if s.take != nil {
		return &schedulerpb.ReturnContainerReply{}, s.take(attempt)
	}
	return &schedulerpb.ReturnContainerReply{}, nil
}

func (s *fakeScheduler) AnnounceFunctions(ctx context.Context, req *schedulerpb.AnnounceFunctionsRequest) (*schedulerpb.AnnounceFunctionsReply, error) {
	s.mu.Lock()
	s.announced = append(s.announced, req)
	s.mu.Unlock()
	if s.announce == nil {
		return s.UnimplementedSchedulerServer.AnnounceFunctions(ctx, req)
	}
	return &schedulerpb.AnnounceFunctionsReply{}, s.announce(ctx)
}

// fakeNode runs invocations as its hooks say.
type fakeNode struct {
	nodeservicepb.UnimplementedNodeServiceServer
	address string
	server  *grpc.Server
	// contest: it has the calls of the contest alone, so it streams. calls: it has
	// InvokeFunctionUnary, but no Session.
	contest, calls bool
	invoke         func(*nodeservicepb.InvokeFunctionRequest, grpc.ServerStreamingServer[nodeservicepb.InvokeFunctionReply]) error
	// end answers EndInvocation; nil means that the node does not know the method.
	end func(context.Context, *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error)

	mu      sync.Mutex // guards what follows
	invoked []*nodeservicepb.InvokeFunctionRequest
	ended   []*nodeservicepb.EndInvocationRequest
	unary   int // calls of InvokeFunctionUnary
}

func (n *fakeNode) InvokeFunction(req *nodeservicepb.InvokeFunctionRequest, stream grpc.ServerStreamingServer[nodeservicepb.InvokeFunctionReply]) error {
	n.mu.Lock()
	n.invoked = append(n.invoked, req)
	n.mu.Unlock()
	return n.invoke(req, stream)
}

func (n *fakeNode) InvokeFunctionUnary(ctx context.Context, req *nodeservicepb.InvokeFunctionRequest) (*nodeservicepb.InvokeFunctionReply, error) {
	n.mu.Lock()
	n.unary++
	n.mu.Unlock()
	if n.contest {
		return n.UnimplementedNodeServiceServer.InvokeFunctionUnary(ctx, req)
	}
	whole := &gathered{ctx: ctx, reply: &nodeservicepb.InvokeFunctionReply{}}
	err := n.InvokeFunction(req, whole)
	return whole.reply, err
}

// gathered is a stream whose parts are put together again.
type gathered struct {
	grpc.ServerStream
	ctx   context.Context
	reply *nodeservicepb.InvokeFunctionReply
}

func (g *gathered) Context() context.Context { return g.ctx }

func (g *gathered) Send(part *nodeservicepb.InvokeFunctionReply) error {
	proto.Merge(g.reply, &nodeservicepb.InvokeFunctionReply{Header: part.GetHeader(), Footer: part.GetFooter()})
	g.reply.Body = append(g.reply.Body, part.GetBody()...)
	return nil
}

func (n *fakeNode) EndInvocation(ctx context.Context, req *nodeservicepb.EndInvocationRequest) (*nodeservicepb.EndInvocationReply, error) {
	n.mu.Lock()
	n.ended = append(n.ended, req)
	n.mu.Unlock()
	if n.end == nil {
		return n.UnimplementedNodeServiceServer.EndInvocation(ctx, req)
	}
	return n.end(ctx, req)
}

// lease is a grant of a container on the node.
func (n *fakeNode) lease(container string) *schedulerpb.AcquireContainerReply {
	host, port, _ := net.SplitHostPort(n.address)
	number, _ := strconv.ParseInt(port, 10, 64)
	return &schedulerpb.AcquireContainerReply{NodeId: "n", NodeAddress: host, NodeServicePort: number, ContainerId: container}
}

func listen(t testing.TB, address string, register func(*grpc.Server)) (*grpc.Server, string) {
	t.Helper()
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(rpc.MaxMessage))
	register(server)
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	return server, lis.Addr().String()
}

func (s *fakeScheduler) serve(t testing.TB, address string) {
	s.server, s.address = listen(t, address, func(g *grpc.Server) { schedulerpb.RegisterSchedulerServer(g, s) })
}

// platform is an APIServer between a scheduler and a node.
type platform struct {
	apiserverpb.APIServerClient
	server    *Server
	scheduler *fakeScheduler
	node      *fakeNode
	// settle waits until every container is returned. No call may follow.
	settle func()
}

func newPlatform(t testing.TB, s *fakeScheduler, n *fakeNode, change ...func(*Config)) *platform {
	t.Helper()
	s.serve(t, "127.0.0.2:0")
	n.server, n.address = listen(t, "127.0.0.2:0", func(g *grpc.Server) { nodeservicepb.RegisterNodeServiceServer(g, n) })
	if s.grant == nil {
		s.grant = func(_ context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error) {
			return n.lease(fmt.Sprintf("c%d", attempt)), nil
		}
	}
	cfg := Config{Scheduler: s.address, Functions: catalogue(t), Log: zap.NewNop()}
	for _, c := range change {
		c(&cfg)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front, address := listen(t, "127.0.0.2:0", func(g *grpc.Server) { apiserverpb.RegisterAPIServerServer(g, server) })
	conn, err := rpc.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	settle := sync.OnceFunc(func() {
		front.GracefulStop()
		server.Close()
		conn.Close()
	})
	t.Cleanup(settle)
	return &platform{APIServerClient: apiserverpb.NewAPIServerClient(conn), server: server, scheduler: s, node: n, settle: settle}
}

func catalogue(t testing.TB) *function.Catalogue {
	t.Helper()
	file := filepath.Join(t.TempDir(), "functions.yaml")
	text := fmt.Sprintf("functions: [{name: hello, runtime: binary, handler: run, code: ., memory: %d, timeout: %v, concurrency: 3}]\n", functionMemory, functionTimeout)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := function.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer streams a result in the order that nodes keep to.
func answer(stream grpc.ServerStreamingServer[nodeservicepb.InvokeFunctionReply], body string, header *nodeservicepb.InvokeFunctionReply_Header, footer *nodeservicepb.InvokeFunctionReply_Footer) error {
	for _, part := range []*nodeservicepb.InvokeFunctionReply{{Header: header}, {Body: []byte(body)}, {Footer: footer}} {
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}

func succeed(_ *nodeservicepb.InvokeFunctionRequest, stream grpc.ServerStreamingServer[nodeservicepb.InvokeFunctionReply]) error {
	return answer(stream, "done",
		&nodeservicepb.InvokeFunctionReply_Header{Handled: true, StatusCode: "200", MaxMemUsageInBytes: 5 << 20, FunctionLog: "log"},
		&nodeservicepb.InvokeFunctionReply_Footer{DurationInNanos: 7e6, CpuTimeInNanos: 2e6})
}
