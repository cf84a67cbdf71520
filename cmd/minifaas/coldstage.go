package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/bench/cold"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// coldStage is a platform with two nodes: one for the bench alone, one for the scheduler.
type coldStage struct {
	runtimes []string
	// functions of each runtime, which differ in their names.
	functions int
	pool      bool
	keepLogs  string
}

// coldNodeMemory has room for every container that is not yet known to be gone.
const coldNodeMemory = 16 << 30

// coldPlatform is the platform, and what there is to start on it.
type coldPlatform struct {
	*platform
	node     nodeservicepb.NodeServiceClient // the bench's own
	subjects []cold.Subject
	notes    []string // of what a reader of figures must know
	// folder is the stage's, and functions where its functions are.
	folder, functions string

	manager resourcemanagerpb.ResourceManagerClient
	own     string // id of the node
	conns   []*grpc.ClientConn
}

// run brings the platform up, measures, and leaves nothing behind.
func (s coldStage) run(ctx context.Context, logs *logFlags, measure func(context.Context, *coldPlatform) error) (err error) {
	debug.SetGCPercent(gcPercent) // what measures takes CPU from what is measured
	stage, err := newStage(logs, s.keepLogs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	native, err := embedded.ReadFile("embedded/hello")
	if err != nil {
		return errors.New("this minifaas was built without the sample hello: build it with make build")
	}
	if err := errors.Join(os.MkdirAll(stage.functions(), 0o755), cold.WriteFunctions(stage.functions(), native, s.runtimes, s.functions)); err != nil {
		return err
	}
	started, err := stage.platform(ctx, platformConfig{
		sandbox: sandboxFlags{
			functionFlags: functionFlags{stage.functions()}, Isolation: "auto", Pool: s.pool, NodeMemory: function.Size(coldNodeMemory),
		},
		pool:   poolFlags{Nodes: 2, MaxNodes: 2},
		policy: policyFlags{Policy: "ttl-600"}, // makes nothing ahead: every whole call is to be cold
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, started.stop()) }()
	ctx, watch := started.watch(ctx)
	defer func() { err = errors.Join(err, watch.stop()) }()
	notes := append(stage.conditions(1), fmt.Sprintf("the node, the other services and the bench share %d cores", runtime.NumCPU()))
	p := &coldPlatform{platform: started, notes: notes, folder: stage.folder, functions: stage.functions()}
	defer p.close()
	if err := p.reserve(ctx); err != nil {
		return fmt.Errorf("reserve a node: %w", err)
	}
	subjects, missing, err := cold.FindSubjects(ctx, p.node, stage.functions(), s.runtimes)
	if err != nil {
		return err
	}
	p.subjects, p.notes = subjects, append(p.notes, missing...)
	return measure(ctx, p)
}

// reserve takes a node for the bench.
func (p *coldPlatform) reserve(ctx context.Context) error {
	conn, err := rpc.Dial(p.endpoint(resourceManagerPort))
	if err != nil {
		return err
	}
	p.conns = append(p.conns, conn)
	p.manager = resourcemanagerpb.NewResourceManagerClient(conn)
	reply, err := p.manager.ReserveNode(ctx, &resourcemanagerpb.ReserveNodeRequest{AccountId: "bench-cold"})
	if err != nil {
		return err
	}
	p.own = reply.GetNode().GetId()
	p.node, err = p.dial(reply.GetNode())
	return err
}

// served is the node that the scheduler reserves for its first call.
func (p *coldPlatform) served(ctx context.Context, apiserver apiserverpb.APIServerClient) (nodeservicepb.NodeServiceClient, error) {
	if _, err := apiserver.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: cold.Native + "-0", Event: []byte("{}")}); err != nil {
		return nil, fmt.Errorf("first call: %w", err)
	}
	usage, err := p.manager.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
	if err != nil {
		return nil, fmt.Errorf("find the scheduler's node: %w", err)
	}
	for _, node := range usage.GetNodes() {
		if node.GetId() != p.own && node.GetReleasedTimeTimestampMs() == 0 {
			return p.dial(node)
		}
	}
	return nil, errors.New("find the scheduler's node: it has none")
}

func (p *coldPlatform) dial(node *resourcemanagerpb.NodeDesc) (nodeservicepb.NodeServiceClient, error) {
	conn, err := rpc.Dial(net.JoinHostPort(node.GetAddress(), strconv.FormatInt(node.GetNodeServicePort(), 10)))
	if err != nil {
		return nil, err
	}
	p.conns = append(p.conns, conn)
	return nodeservicepb.NewNodeServiceClient(conn), nil
}

func (p *coldPlatform) close() {
	for _, conn := range p.conns {
		conn.Close()
	}
}
