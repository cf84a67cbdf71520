// Package schedulerclient asks a Scheduler for containers: over one Session where
// the scheduler has that, and call by call where it speaks the contest's contract
// alone. Either way a return holds nobody up, and whoever acquires after it finds
// the container free.
package schedulerclient

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

const (
	// attempts bounds how often a scheduler is asked that can't serve at the moment.
	attempts = 5
	// returnTimeout bounds how long a return waits for a scheduler that is being restarted.
	returnTimeout = 5 * time.Second
)

// Client is safe for concurrent use.
type Client struct {
	scheduler schedulerpb.SchedulerClient
	log       *zap.Logger
	session   *session
	// unary: the scheduler has no Session.
	unary   atomic.Bool
	returns returns

	running sync.WaitGroup
}

// New makes a client over conn. It opens a session with the first call.
func New(conn grpc.ClientConnInterface, log *zap.Logger) *Client {
	c := &Client{scheduler: schedulerpb.NewSchedulerClient(conn), log: log}
	c.session = newSession(c.scheduler)
	c.running.Go(func() {
		if known := c.session.run(); !known {
			c.fallBack()
		}
	})
	return c
}

// fallBack goes on without a session. What was to be returned is on its way before
// anything is acquired.
func (c *Client) fallBack() {
	for _, o := range c.session.giveUp() {
		c.returnAlone(o.function, o.request)
	}
	c.unary.Store(true)
	c.session.acquires.End(answer{err: errNoSession})
}

// Unary says that the scheduler is known to have no Session.
func (c *Client) Unary() bool { return c.unary.Load() }

// Acquire asks for a container until ctx ends, or the scheduler has refused. It waits
// for one that is being restarted, and asks again then: the request must have an id.
func (c *Client) Acquire(ctx context.Context, request *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	for attempt := 1; ; attempt++ {
		lease, err := c.acquire(ctx, request)
		if status.Code(err) != codes.Unavailable || attempt == attempts || ctx.Err() != nil {
			return lease, err
		}
		pause(ctx, attempt)
	}
}

func (c *Client) acquire(ctx context.Context, request *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	if !c.unary.Load() {
		lease, err := c.session.acquire(ctx, request)
		if err != errNoSession {
			return lease, err
		}
	}
	c.returns.await(ctx, request.GetFunctionName())
	return c.scheduler.AcquireContainer(ctx, request, grpc.WaitForReady(true))
}

// Return gives back a container of the function. It does not wait; a scheduler that is
// being restarted gets to know within a few seconds, or else the lease runs out.
func (c *Client) Return(function string, request *schedulerpb.ReturnContainerRequest) {
	if !c.session.giveBack(function, request) {
		c.returnAlone(function, request)
	}
}

func (c *Client) returnAlone(function string, request *schedulerpb.ReturnContainerRequest) {
	c.returns.begin(function, func() { c.giveBack(request) })
}

// giveBack repeats a return while the scheduler restarts.
func (c *Client) giveBack(request *schedulerpb.ReturnContainerRequest) {
	ctx, cancel := context.WithTimeout(context.Background(), returnTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		_, err := c.scheduler.ReturnContainer(ctx, request, grpc.WaitForReady(true))
		if err == nil {
			return
		}
		if status.Code(err) != codes.Unavailable || ctx.Err() != nil {
			c.log.Warn("return container failed; its lease will run out", zap.String("request_id", request.GetRequestId()), zap.Error(err))
			return
		}
		pause(ctx, min(attempt, attempts))
	}
}

// Close waits until all containers are returned. No call may be running.
func (c *Client) Close() {
	c.session.close()
	c.running.Wait()
	c.returns.running.Wait()
}

// pause lets a scheduler come back before the next attempt.
func pause(ctx context.Context, attempt int) {
	select {
	case <-time.After(10 * time.Millisecond << attempt):
	case <-ctx.Done():
	}
}
