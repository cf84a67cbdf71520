package load

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/schedulerclient"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// What a call says of itself: no more than figures, as nothing runs.
const (
	functionTimeout = 60 * time.Second
	callDuration    = time.Millisecond
)

// target is a scheduler, or an echo in its place, on one connection, as an
// APIServer has it.
type target struct {
	conn    *grpc.ClientConn
	client  schedulerpb.SchedulerClient
	session *schedulerclient.Client // nil: it is called unary
}

func dial(address string) (*target, error) {
	conn, err := rpc.Dial(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return &target{conn: conn, client: schedulerpb.NewSchedulerClient(conn)}, nil
}

// dialSession is for pairs over a session.
func dialSession(address string) (*target, error) {
	t, err := dial(address)
	if err == nil {
		t.session = schedulerclient.New(t.conn, zap.NewNop())
	}
	return t, err
}

func (t *target) close() {
	if t.session != nil {
		t.session.Close()
	}
	t.conn.Close()
}

// caller makes calls of one function. The messages are as long as those of an APIServer.
type caller struct {
	scheduler schedulerpb.SchedulerClient
	session   *schedulerclient.Client // nil: unary calls
	function  string
	config    *schedulerpb.FunctionConfig
	number    int
	pairs     int
}

func (t *target) caller(number int, memory int64) *caller {
	return &caller{
		scheduler: t.client,
		session:   t.session,
		function:  functionName(number),
		config: &schedulerpb.FunctionConfig{
			MemoryInBytes: memory, TimeoutInMs: functionTimeout.Milliseconds(), Handler: "function.handler", Concurrency: 1,
		},
		number: number,
	}
}

func (t *target) callers(n int, memory int64) []*caller {
	callers := make([]*caller, n)
	for i := range callers {
		callers[i] = t.caller(i, memory)
	}
	return callers
}

// pair acquires a container and gives it back, and tells whether it was made for that.
func (c *caller) pair(ctx context.Context) (cold bool, err error) {
	c.pairs++
	id := requestID(c.number, c.pairs)
	lease, err := c.acquire(ctx, id)
	if err != nil {
		return false, err
	}
	return lease.GetColdStart(), c.giveBack(ctx, id, lease, false)
}

func (c *caller) acquire(ctx context.Context, id string) (*schedulerpb.AcquireContainerReply, error) {
	request := &schedulerpb.AcquireContainerRequest{
		RequestId: id, AccountId: account, FunctionName: c.function, FunctionConfig: c.config,
	}
	acquire := c.acquireAlone
	if c.session != nil {
		acquire = c.session.Acquire
	}
	lease, err := acquire(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("acquire container: %w", err)
	}
	return lease, nil
}

func (c *caller) acquireAlone(ctx context.Context, request *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	return c.scheduler.AcquireContainer(ctx, request)
}

// giveBack returns a container. One that is used up must not be granted again:
// the scheduler removes it.
func (c *caller) giveBack(ctx context.Context, id string, lease *schedulerpb.AcquireContainerReply, usedUp bool) error {
	request := &schedulerpb.ReturnContainerRequest{
		RequestId: id, ContainerId: lease.GetContainerId(), DurationInNanos: int64(callDuration),
		// All that it may: a scheduler that fits containers to their use finds no slack.
		MaxMemoryUsageInBytes: c.config.GetMemoryInBytes(), ContainerLost: usedUp,
	}
	if c.session != nil {
		c.session.Return(c.function, request)
		return nil
	}
	_, err := c.scheduler.ReturnContainer(ctx, request)
	if err != nil {
		return fmt.Errorf("return container: %w", err)
	}
	return nil
}

// requestID has the length of a UUID, and is never the same twice in a run.
func requestID(caller, pair int) string {
	const zeros = "00000000-0000-4000-8000-000000000000"
	id := []byte(zeros)
	place := func(end, n int) {
		digits := strconv.AppendInt(nil, int64(n), 16)
		copy(id[end-len(digits):], digits)
	}
	place(8, caller)
	place(len(zeros), pair)
	return string(id)
}
