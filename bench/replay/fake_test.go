package replay

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/minifaas/minifaas/bench/trace"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// fake is an APIServer and a ResourceManager on one real gRPC server.
type fake struct {
	apiserverpb.UnimplementedAPIServerServer
	resourcemanagerpb.UnimplementedResourceManagerServer
	functions []string
	invoke    func(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error)
	nodes     []*resourcemanagerpb.NodeDesc
}

func (f *fake) InvokeFunction(ctx context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	return f.invoke(ctx, r)
}

func (f *fake) ListFunctions(context.Context, *apiserverpb.ListFunctionsRequest) (*apiserverpb.ListFunctionsReply, error) {
	reply := &apiserverpb.ListFunctionsReply{}
	for _, name := range f.functions {
		account, bare, ok := strings.Cut(name, "/")
		if !ok {
			account, bare = "", name
		}
		reply.Functions = append(reply.Functions, &apiserverpb.FunctionConfig{AccountId: account, FunctionName: bare})
	}
	return reply, nil
}

func (f *fake) GetNodesUsage(context.Context, *resourcemanagerpb.GetNodesUsageRequest) (*resourcemanagerpb.GetNodesUsageReply, error) {
	return &resourcemanagerpb.GetNodesUsageReply{Nodes: f.nodes}, nil
}

// serve starts the fake on loopback and dials it.
func (f *fake) serve(t *testing.T) *grpc.ClientConn {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	apiserverpb.RegisterAPIServerServer(server, f)
	resourcemanagerpb.RegisterResourceManagerServer(server, f)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// workload makes one of event rows: offset_ms,function,duration_ms,memory_mb.
func workload(t *testing.T, rows ...string) *trace.Workload {
	t.Helper()
	text := "offset_ms,function,duration_ms,memory_mb\n" + strings.Join(rows, "\n")
	w, err := trace.ReadCSV(strings.NewReader(text), "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Notes = nil
	return w
}

// answer is a successful reply with these figures.
func answer(cold bool, schedule, execution time.Duration) *apiserverpb.InvokeFunctionReply {
	return &apiserverpb.InvokeFunctionReply{
		ColdStart: cold, ScheduleLatencyInNanos: int64(schedule), DurationInNanos: int64(execution),
		MaxMemoryUsageInBytes: 1 << 20,
	}
}
