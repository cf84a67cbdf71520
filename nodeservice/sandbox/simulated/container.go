package simulated

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

var _ sandbox.Container = (*live)(nil)

// live is a container of the model that somebody waits for.
type live struct {
	runtime *Runtime
	id      string
	model   *nodemodel.Container
	ready   chan struct{} // closed when it is created
	done    chan struct{} // closed when it is dead

	// guarded by runtime.mu; constant once done is closed
	inFlight int
	why      string
	oom      bool
	alone    bool // there was one invocation in flight
}

// end removes the container. The first reason stands. runtime.mu is held.
func (c *live) end(why string, oom bool) {
	select {
	case <-c.done:
		return
	default:
	}
	c.why, c.oom, c.alone = why, oom, c.inFlight <= 1
	c.runtime.model.Remove(c.runtime.now(), c.model)
	delete(c.runtime.containers, c.id)
	delete(c.runtime.handles, c.model)
	close(c.done)
}

// death is the error of whoever was in there. done is closed.
func (c *live) death() error {
	switch {
	case c.oom && c.alone:
		return fmt.Errorf("%w: %s", sandbox.ErrOutOfMemory, c.why)
	case c.oom:
		return fmt.Errorf("%w: out of memory: %s", sandbox.ErrLost, c.why)
	}
	return fmt.Errorf("%w: %s", sandbox.ErrLost, c.why)
}

// Invoke lets the model do the work that the event asks for.
func (c *live) Invoke(ctx context.Context, inv sandbox.Invocation) (sandbox.Result, error) {
	r := c.runtime
	r.mu.Lock()
	begun := r.now()
	call := r.model.Invoke(begun, c.model, 0, work(inv.Event))
	if call == nil {
		r.mu.Unlock()
		<-c.done
		return sandbox.Result{}, fmt.Errorf("invoke: %w: %s", sandbox.ErrLost, c.why)
	}
	c.inFlight++
	finished := make(chan nodemodel.Completion, 1)
	r.calls[call] = finished
	r.settle()
	r.mu.Unlock()
	defer c.leave(call)

	timeout := time.NewTimer(inv.Timeout)
	defer timeout.Stop()
	select {
	case end := <-finished:
		return sandbox.Result{Body: []byte("{}"), Duration: end.At - begun, MaxMemory: end.Peak, CPU: end.CPU}, nil
	case <-timeout.C:
		return c.timedOut(inv.Timeout), nil
	case <-ctx.Done():
		return sandbox.Result{}, fmt.Errorf("invoke: %w", context.Cause(ctx))
	case <-c.done:
		return sandbox.Result{Lost: true}, fmt.Errorf("invoke: %w", c.death())
	}
}

// leave ends the invocation if it has not ended.
func (c *live) leave(call *nodemodel.Call) {
	r := c.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	c.inFlight--
	delete(r.calls, call)
	r.model.Cancel(r.now(), call)
	r.settle()
}

func (c *live) timedOut(timeout time.Duration) sandbox.Result {
	r := c.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	u, _ := r.model.Usage(r.now(), c.model)
	return sandbox.Result{
		Error:     &sandbox.FunctionError{Code: sandbox.CodeTimeout, Message: fmt.Sprintf("ran longer than its %v", timeout)},
		Duration:  timeout,
		MaxMemory: max(u.Memory, r.creation.Memory),
	}
}

// Usage is what the container uses. A dead one is an error that wraps ErrLost.
func (c *live) Usage() (sandbox.Usage, error) {
	r := c.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	u, ok := r.model.Usage(r.now(), c.model)
	if !ok {
		return sandbox.Usage{}, fmt.Errorf("usage of container %s: %w", c.id, sandbox.ErrLost)
	}
	return sandbox.Usage(u), nil
}

// Kill removes the container.
func (c *live) Kill() error {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	c.end("it was removed", false)
	c.runtime.settle()
	return nil
}

// Done is closed when the container is dead.
func (c *live) Done() <-chan struct{} { return c.done }

// work is what an event asks for.
func work(event []byte) nodemodel.Work {
	var e struct {
		CPU   float64 `json:"cpu_ms"`
		Sleep float64 `json:"sleep_ms"`
		Touch float64 `json:"touch_mb"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nodemodel.Work{}
	}
	ms := func(v float64) time.Duration { return time.Duration(max(v, 0) * float64(time.Millisecond)) }
	return nodemodel.Work{CPU: ms(e.CPU), Sleep: ms(e.Sleep), Memory: int64(max(e.Touch, 0) * (1 << 20))}
}
