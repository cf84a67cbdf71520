// Package echo is what the platform's calls are measured against: the barest of
// unary gRPC, in a process of its own. It speaks the contracts of APIServer and
// Scheduler, so that both sides of a measurement carry the same messages and are
// called by the same code.
package echo

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime/metrics"

	"google.golang.org/grpc"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// Listen serves on lis until ctx ends, without an interceptor or an option.
func Listen(ctx context.Context, lis net.Listener) error {
	server := grpc.NewServer()
	apiserverpb.RegisterAPIServerServer(server, apiserver{})
	schedulerpb.RegisterSchedulerServer(server, scheduler{})
	defer context.AfterFunc(ctx, server.Stop)()
	if err := server.Serve(lis); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve echo: %w", err)
	}
	return nil
}

// Serve is the process that Start starts: it listens on loopback, writes its
// address and its GOGC as one line to out, and ends when in does, so that it never
// outlives its parent.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve echo: %w", err)
	}
	if _, err := fmt.Fprintln(out, lis.Addr(), gcPercent()); err != nil {
		return fmt.Errorf("tell address of echo: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return Listen(ctx, lis)
}

// gcPercent is the GOGC of this process: by how much its heap grows between collections.
func gcPercent() int64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) // -1 is off
}

type apiserver struct {
	apiserverpb.UnimplementedAPIServerServer
}

func (apiserver) InvokeFunction(_ context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	return &apiserverpb.InvokeFunctionReply{RequestId: r.GetRequestId(), Body: r.GetEvent()}, nil
}

type scheduler struct {
	schedulerpb.UnimplementedSchedulerServer
}

// AcquireContainer answers with ids as long as those of our nodes and containers.
func (scheduler) AcquireContainer(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	return &schedulerpb.AcquireContainerReply{
		NodeId: "n12.1", NodeAddress: "127.0.0.1", NodeServicePort: 10300, ContainerId: "1a2b3c4d-12",
	}, nil
}

func (scheduler) ReturnContainer(context.Context, *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	return &schedulerpb.ReturnContainerReply{}, nil
}
