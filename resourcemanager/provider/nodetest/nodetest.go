// Package nodetest is a node small enough for tests: a NodeService without a
// sandbox, in this process (Serve) or, played by the test binary itself, in
// one of its own (Main and Command).
package nodetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/process"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// What makes a node misbehave.
const (
	// RefusingAccount is an owner that Reserve does not accept.
	RefusingAccount = "nobody"
	// HangingAccount is an owner at whose Reserve the node stops answering that call.
	HangingAccount = "sloth"
	// StuckContainer is the name of a container that Release can't end.
	StuckContainer = "stuck"
)

// Memory is what GetStats reports as the node's, in bytes.
const Memory = 4 << 30

const role = "nodetest-node"

// Command starts the test binary as a node.
func Command(name string, port int) []string {
	return []string{os.Args[0], role, name, strconv.Itoa(port)}
}

// Main is called first thing in TestMain. In a process that Command started it
// plays the node, until SIGTERM or the end of its lifeline, and never returns.
func Main() {
	if len(os.Args) != 4 || os.Args[1] != role {
		return
	}
	if err := main(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func main(name, port string) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	line, err := process.InheritedLifeline()
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	fmt.Printf("node %s serves on port %s\n", name, port)
	go func() {
		<-line.Broken()
		stop()
	}()
	return Serve(ctx, lis)
}

// Serve serves a new node until ctx ends.
func Serve(ctx context.Context, lis net.Listener) error {
	srv := grpc.NewServer()
	nodeservicepb.RegisterNodeServiceServer(srv, &node{containers: map[string]bool{}})
	healthpb.RegisterHealthServer(srv, health.NewServer())
	stop := context.AfterFunc(ctx, srv.Stop)
	defer stop()
	if err := srv.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

type node struct {
	nodeservicepb.UnimplementedNodeServiceServer

	mu         sync.Mutex // guards what follows
	owner      string
	lives      int
	containers map[string]bool
}

func (n *node) Reserve(ctx context.Context, req *nodeservicepb.ReserveRequest) (*nodeservicepb.ReserveReply, error) {
	switch req.OwnerAccountId {
	case RefusingAccount:
		return nil, status.Error(codes.Internal, "told to refuse")
	case HangingAccount:
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.owner = req.OwnerAccountId
	return &nodeservicepb.ReserveReply{}, nil
}

func (n *node) CreateContainer(_ context.Context, req *nodeservicepb.CreateContainerRequest) (*nodeservicepb.CreateContainerReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.containers[req.Name] = true
	return &nodeservicepb.CreateContainerReply{ContainerId: req.Name}, nil
}

func (n *node) Release(context.Context, *nodeservicepb.ReleaseRequest) (*nodeservicepb.ReleaseReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.containers[StuckContainer] {
		return nil, status.Error(codes.Internal, "container stuck does not end")
	}
	clear(n.containers)
	n.owner = ""
	n.lives++
	return &nodeservicepb.ReleaseReply{}, nil
}

func (n *node) GetStats(context.Context, *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	reply := &nodeservicepb.GetStatsReply{
		NodeStats:      &nodeservicepb.NodeStats{TotalMemoryInBytes: Memory, AvailableMemoryInBytes: Memory},
		LiveId:         fmt.Sprint(os.Getpid(), ".", n.lives),
		OwnerAccountId: n.owner,
	}
	for name := range n.containers {
		reply.ContainerStatsList = append(reply.ContainerStatsList, &nodeservicepb.ContainerStats{
			ContainerId: name, Name: name, CreatedTimeTimestampMs: time.Now().UnixMilli(),
		})
	}
	return reply, nil
}
