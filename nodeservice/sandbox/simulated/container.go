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
	died     time.Duration // when
	why      string
	oom      bool
	alone    bool  // there was one invocation in flight
	peak     int64 // what it used when it ran out of memory, in bytes
}

// end removes the container. The first reason stands. runtime.mu is held.
func (c *live) end(at time.Duration, why string, oom bool) {
	select {
	case <-c.done:
		return
	default:
	}
	c.died, c.why, c.oom, c.alone = at, why, oom, c.inFlight <= 1
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
		return fmt.Errorf("%w: %s", sandbox.ErrLostToMemory, c.why)
	}
	return fmt.Errorf("%w: %s", sandbox.ErrLost, c.why)
}

// Invoke lets the model do the work that the event asks for.
func (c *live) Invoke(ctx context.Context, inv sandbox.Invocation) (sandbox.Result, error) {
	r := c.runtime
	r.mu.Lock()
	begun := r.now()
	call := r.model.Invoke(begun, c.model, 0, r.cfg.work(inv.Event))
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

	limit := r.cfg.scaled(inv.Timeout)
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	var end nodemodel.Completion // without a Call while there is none
	select {
	case end = <-finished:
	case <-timeout.C:
		r.ring()
		select {
		case end = <-finished:
		default:
		}
	case <-ctx.Done():
		return sandbox.Result{}, fmt.Errorf("invoke: %w", context.Cause(ctx))
	case <-c.done:
		return sandbox.Result{Duration: c.died - begun, MaxMemory: c.peak, Lost: true}, fmt.Errorf("invoke: %w", c.death())
	}
	// The model's word is exact, however late this machine was to notice.
	if took := end.At - begun; end.Call != nil && took <= limit {
		return sandbox.Result{Body: []byte("{}"), Duration: took, MaxMemory: end.Peak, CPU: end.CPU}, nil
	}
	return c.timedOut(inv.Timeout, limit), nil
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

// timedOut is the result of an invocation that has a timeout, by the clock limit.
func (c *live) timedOut(timeout, limit time.Duration) sandbox.Result {
	r := c.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	u, _ := r.model.Usage(r.now(), c.model)
	return sandbox.Result{
		Error:     &sandbox.FunctionError{Code: sandbox.CodeTimeout, Message: fmt.Sprintf("ran longer than its %v", timeout)},
		Duration:  limit,
		MaxMemory: max(u.Memory, r.cfg.Creation.Memory, 1),
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
	c.end(c.runtime.now(), "it was removed", false)
	c.runtime.settle()
	return nil
}

// Done is closed when the container is dead.
func (c *live) Done() <-chan struct{} { return c.done }

// work is what an event asks for, in time by the clock.
func (c Config) work(event []byte) nodemodel.Work {
	var e struct {
		CPU   float64 `json:"cpu_ms"`
		Sleep float64 `json:"sleep_ms"`
		Touch float64 `json:"touch_mb"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nodemodel.Work{}
	}
	ms := func(v float64) time.Duration { return c.scaled(time.Duration(max(v, 0) * float64(time.Millisecond))) }
	return nodemodel.Work{CPU: ms(e.CPU), Sleep: ms(e.Sleep), Memory: int64(max(e.Touch, 0) * (1 << 20))}
}
