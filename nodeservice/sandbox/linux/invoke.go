package linux

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

// graceful is how long an agent may take to do what it was told, past the time
// that the work itself has.
const graceful = time.Second

// load lets the agent load the function, then gives the container its own CPU quota.
func (c *container) load(ctx context.Context, req *wire.LoadRequest) error {
	reply, err := c.client.Load(ctx, req)
	if ctx.Err() != nil {
		return fmt.Errorf("load function: %w", context.Cause(ctx))
	}
	if err == nil && reply.Error != nil && c.oomKilled() {
		c.die(c.outOfMemory())
		err = errors.New("out of memory")
	}
	switch {
	case wire.CodeOf(err) == wire.FailedPrecondition:
		return fmt.Errorf("load function: %w: %s", sandbox.ErrUnsupported, err.Error())
	case wire.CodeOf(err) == wire.Aborted:
		return fmt.Errorf("load function: %w: %s", errNoWorker, err.Error())
	case err != nil:
		return fmt.Errorf("load function: %w", c.lost(err))
	case reply.Error != nil:
		c.broken = reply
	}
	if c.group != nil {
		if err := c.group.Set(cgroup.Limits{CPU: c.cpu}); err != nil {
			return err
		}
	}
	c.beginRest()
	return nil
}

// Invoke runs one invocation.
func (c *container) Invoke(ctx context.Context, inv sandbox.Invocation) (sandbox.Result, error) {
	id, thaw, err := c.enter(inv.RequestID)
	if err != nil {
		return sandbox.Result{}, fmt.Errorf("invoke: %w", err)
	}
	defer c.leave(id)
	if c.broken != nil {
		return c.loadFailure(), nil
	}

	// The call itself ignores ctx: were it canceled, nobody would say when the
	// work has stopped. The agent is asked to stop it instead.
	call, over := context.WithCancel(context.WithoutCancel(ctx))
	defer over()
	defer context.AfterFunc(ctx, func() { c.stop(call, id) })()
	backstop := time.AfterFunc(inv.Timeout+graceful, func() {
		c.die(cause{text: "an invocation ran past its timeout"})
	})
	start, used := time.Now(), c.cpuMeter.Read()
	reply, err := c.client.Invoke(call, &wire.InvokeRequest{
		RequestID:    id,
		Event:        inv.Event,
		TimeoutNanos: inv.Timeout.Nanoseconds(),
	})
	late := !backstop.Stop()
	if ctx.Err() != nil {
		return c.stopped(reply, err), fmt.Errorf("invoke: %w", context.Cause(ctx))
	}
	if err != nil {
		err = c.lost(err)
	} else if c.oomAfter(reply) {
		err = c.lost(errors.New("out of memory"))
	}
	if err != nil && late {
		return c.timedOut(inv.Timeout, time.Since(start)), nil
	}
	if err != nil {
		return sandbox.Result{Lost: c.dead()}, fmt.Errorf("invoke: %w", err)
	}
	result := c.result(reply, time.Since(start) >= inv.Timeout)
	result.CPU, result.Thaw = max(0, c.cpuMeter.Read()-used), thaw
	return result, nil
}

// enter counts the invocation in, under an id that no other in flight has: ids
// may be empty or repeated, and stop must end one invocation only. A container that
// is frozen is thawed, which took so long.
func (c *container) enter(request string) (id string, thaw time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return "", 0, fmt.Errorf("%w: %s", sandbox.ErrLost, c.end.text)
	}
	if thaw, err = c.thaw(); err != nil {
		return "", 0, fmt.Errorf("wake container: %w", err)
	}
	id = request
	for n := 2; id == "" || c.requests[id]; n++ {
		id = fmt.Sprintf("%s#%d", request, n)
	}
	c.requests[id] = true
	c.inFlight++
	c.rest.entered++
	return id, thaw, nil
}

func (c *container) leave(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.requests, id)
	c.inFlight--
	if c.inFlight == 0 && c.rest.timer != nil {
		c.rest.timer.Reset(c.rest.after)
	}
}

// stop ends the invocation, with the container if the agent does not manage it. It
// returns when call is over.
func (c *container) stop(call context.Context, id string) {
	patience, cancel := context.WithTimeout(call, graceful)
	defer cancel()
	for call.Err() == nil {
		_, err := c.client.EndInvocation(patience, &wire.EndInvocationRequest{RequestID: id})
		if err != nil && call.Err() == nil {
			c.die(cause{text: "a canceled invocation did not stop"})
			return
		}
		// Told before it had begun: the agent knew of nothing to end. Again.
		select {
		case <-call.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stopped is the result of an invocation whose caller has left. The agent's
// answer means that the work has stopped; where it says, or the lack of one
// means, that it may not have, the container is killed.
func (c *container) stopped(reply *wire.InvokeReply, err error) sandbox.Result {
	switch code := wire.CodeOf(err); {
	case reply.ContainerLost:
		c.die(cause{text: "a canceled invocation took it along"})
		<-c.done
	case code != wire.OK && code != wire.Canceled && code != wire.DeadlineExceeded:
		_ = c.lost(err)
	}
	return sandbox.Result{Lost: c.dead()}
}

// lost says why a call to the agent failed. Where that leaves the sandbox in
// an unknown state, it is killed, and has died on return.
func (c *container) lost(err error) error {
	switch wire.CodeOf(err) {
	case wire.ResourceExhausted, wire.InvalidArgument, wire.FailedPrecondition, wire.Unimplemented:
		return err // refused, and nothing has run
	}
	select {
	case <-c.done:
	case <-time.After(exitWait):
		// The connection is broken, or the call is; the agent lives.
		c.die(cause{text: err.Error(), oom: c.oomKilled()})
		<-c.done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.end.oom && (c.end.alone || c.inFlight == 0):
		return fmt.Errorf("%w: %s", sandbox.ErrOutOfMemory, c.end.text)
	case c.end.oom:
		return fmt.Errorf("%w: %s", sandbox.ErrLostToMemory, c.end.text)
	}
	return fmt.Errorf("%w: %s", sandbox.ErrLost, c.end.text)
}

// exitWait is how long a dying agent may take from closing its connection to its end.
const exitWait = time.Second

// oomAfter reports whether the kernel has killed something for want of memory
// before that reply. The container then dies: it is not whole any more.
func (c *container) oomAfter(reply *wire.InvokeReply) bool {
	if reply.Error == nil && !reply.ContainerLost || !c.oomKilled() {
		return false
	}
	c.die(c.outOfMemory())
	return true
}

func (c *container) dead() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
