package apiserver

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

const (
	// attempts bounds how often an invocation that has not begun is placed anew.
	attempts = 5
	// endTimeout bounds how long a node may take to stop an invocation.
	endTimeout = 10 * time.Second
)

// errNotBegun: the node is unreachable or does not have the container any more;
// nothing of the invocation has run, so it may be placed anew.
var errNotBegun = errors.New("the container was gone before the function began")

// invocation is one call of a function on its way.
type invocation struct {
	server   *Server
	function function.Function
	id       string
	account  string
	event    []byte
	begin    time.Time
}

// run places the invocation until it has begun once. What has begun is never
// run again.
func (inv *invocation) run(ctx context.Context) (*apiserverpb.InvokeFunctionReply, error) {
	for attempt := 1; ; attempt++ {
		lease, err := inv.acquire(ctx)
		if err != nil {
			return nil, err
		}
		scheduled := time.Since(inv.begin)
		o := inv.execute(ctx, lease)
		// Before the next acquire, which would be granted the same lease otherwise.
		inv.giveBack(lease, o)
		if errors.Is(o.err, errNotBegun) && attempt < attempts {
			inv.pause(ctx, attempt)
			continue
		}
		if errors.Is(o.err, errNotBegun) {
			return nil, status.Errorf(codes.Unavailable, "%v; the last of %d attempts was in container %q on node %s",
				o.err, attempts, lease.GetContainerId(), nodeOf(lease))
		}
		if o.err != nil {
			return nil, o.err
		}
		o.reply.ColdStart = o.coldStart(lease, scheduled)
		o.reply.ContainerId = lease.GetContainerId()
		o.reply.ScheduleLatencyInNanos = int64(scheduled)
		return o.reply, nil
	}
}

// pause lets the platform notice what is broken before the next attempt.
func (inv *invocation) pause(ctx context.Context, attempt int) {
	select {
	case <-time.After(10 * time.Millisecond << attempt):
	case <-ctx.Done():
	}
}

// acquire asks for a container.
func (inv *invocation) acquire(ctx context.Context) (*schedulerpb.AcquireContainerReply, error) {
	ctx, cancel := context.WithTimeout(ctx, inv.server.cfg.AcquireTimeout)
	defer cancel()
	return inv.server.scheduler.Acquire(ctx, &schedulerpb.AcquireContainerRequest{
		RequestId:      inv.id,
		AccountId:      inv.account,
		FunctionName:   inv.function.Name.String(),
		FunctionConfig: schedulerConfig(inv.function),
	})
}

// nodeOf is the host:port of the node on which the scheduler says that the container is.
func nodeOf(lease *schedulerpb.AcquireContainerReply) string {
	return rpc.HostPort(lease.GetNodeAddress(), lease.GetNodeServicePort())
}

// execute runs the function in the leased container. When it returns, the work
// has stopped, or its outcome says that the container is lost.
func (inv *invocation) execute(ctx context.Context, lease *schedulerpb.AcquireContainerReply) outcome {
	conn, release, err := inv.server.nodes.get(nodeOf(lease))
	if err != nil {
		return notBegun(err)
	}
	defer release()
	// The node hears of a caller that leaves through EndInvocation, which says
	// when the work has stopped; the call itself outlives the caller.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	left := make(chan outcome, 1)
	stop := context.AfterFunc(ctx, func() {
		left <- inv.end(ctx, conn, lease.GetContainerId())
		cancel()
	})
	o := inv.invoke(ctx, running, conn, lease.GetContainerId())
	if !stop() {
		return <-left
	}
	return o
}

// end stops the execution for a caller that has left.
func (inv *invocation) end(ctx context.Context, node *connection, containerID string) outcome {
	o := outcome{err: status.FromContextError(ctx.Err()).Err(), code: codeCanceled}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	ended, err := nodeservicepb.NewNodeServiceClient(node).EndInvocation(ctx, &nodeservicepb.EndInvocationRequest{RequestId: inv.id, ContainerId: containerID})
	o.lost = ended.GetContainerLost() || err != nil && status.Code(err) != codes.Unimplemented
	return o
}

// giveBack returns the container, and waits for nothing: neither the caller nor the
// invocation depends on what becomes of that.
func (inv *invocation) giveBack(lease *schedulerpb.AcquireContainerReply, o outcome) {
	request := &schedulerpb.ReturnContainerRequest{
		RequestId:             inv.id,
		ContainerId:           lease.GetContainerId(),
		DurationInNanos:       o.reply.GetDurationInNanos(),
		MaxMemoryUsageInBytes: o.reply.GetMaxMemoryUsageInBytes(),
		ErrorCode:             o.errorCode(),
		ErrorMessage:          o.reply.GetFunctionErrorMessage(),
		ContainerLost:         o.lost,
		CpuTimeInNanos:        o.reply.GetCpuTimeInNanos(),
	}
	if request.MaxMemoryUsageInBytes <= 0 {
		// Schedulers divide by it.
		request.MaxMemoryUsageInBytes = inv.function.Memory
	}
	inv.server.scheduler.Return(inv.function.Name.String(), request)
}
