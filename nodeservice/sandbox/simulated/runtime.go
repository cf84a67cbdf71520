// Package simulated is a model of a node behind the interface of the real one:
// package nodemodel, which says what everything takes, in real time.
//
// An event is a JSON object: cpu_ms, sleep_ms, touch_mb. Anything else asks for
// no work. No code is loaded, so no function fails but by time or memory.
//
// Everything that calls itself measured and comes from here is simulated, and must say so.
package simulated

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

var _ sandbox.Runtime = (*Runtime)(nil)

// ErrClosed: the runtime makes no more containers.
var ErrClosed = errors.New("simulated runtime closed")

// Runtime runs a nodemodel.Model in real time.
type Runtime struct {
	cfg   Config
	begun time.Time

	mu         sync.Mutex // guards the fields below, and those of live that say so
	model      *nodemodel.Model
	alarm      *time.Timer
	due        time.Duration                                 // when the alarm rings
	containers map[string]*live                              // by id
	handles    map[*nodemodel.Container]*live                // the same, by what the model calls them
	calls      map[*nodemodel.Call]chan nodemodel.Completion // with room for one
	closed     bool
}

// New starts an empty node.
func New(cfg Config) (*Runtime, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("simulated runtime: %w", err)
	}
	cfg = cfg.withDefaults()
	r := &Runtime{
		cfg:        cfg,
		begun:      time.Now(),
		model:      nodemodel.New(cfg.Config),
		containers: map[string]*live{},
		handles:    map[*nodemodel.Container]*live{},
		calls:      map[*nodemodel.Call]chan nodemodel.Completion{},
	}
	r.alarm = time.AfterFunc(time.Hour, r.ring)
	r.alarm.Stop()
	return r, nil
}

// Create takes as long as the model says.
func (r *Runtime) Create(ctx context.Context, spec sandbox.Spec) (sandbox.Container, error) {
	c, err := r.add(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("create container %s: %w", spec.ID, err)
	}
	select {
	case <-c.ready:
		return c, nil
	case <-c.done:
		return nil, fmt.Errorf("create container %s: %w", spec.ID, c.death())
	case <-ctx.Done():
		_ = c.Kill()
		return nil, fmt.Errorf("create container %s: %w", spec.ID, context.Cause(ctx))
	}
}

func (r *Runtime) add(ctx context.Context, spec sandbox.Spec) (*live, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case r.closed:
		return nil, ErrClosed
	case r.containers[spec.ID] != nil:
		return nil, fmt.Errorf("id %q is in use", spec.ID)
	}
	how := r.cfg.Creation
	if spec.Function.Resident > 0 {
		how.Memory = spec.Function.Resident
	}
	c := &live{
		runtime: r,
		id:      spec.ID,
		model:   r.model.Create(r.now(), 0, spec.Memory, how),
		ready:   make(chan struct{}),
		done:    make(chan struct{}),
	}
	r.containers[c.id], r.handles[c.model] = c, c
	r.settle()
	return c, nil
}

// Usage is what all containers use together.
func (r *Runtime) Usage() (sandbox.Usage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return sandbox.Usage(r.model.Total(r.now())), nil
}

// Close removes every container.
func (r *Runtime) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, c := range r.containers {
		c.end(r.now(), "the node is closing", false)
	}
	r.settle()
	return nil
}

func (r *Runtime) now() time.Duration { return time.Since(r.begun) }

// settle hands out what the model has completed, and sets the alarm for the next. r.mu is held.
func (r *Runtime) settle() {
	for _, done := range r.model.Advance(r.now(), nil) {
		c := r.handles[done.Container]
		switch {
		case c == nil:
		case done.Kind == nodemodel.Created:
			close(c.ready)
		case done.Kind == nodemodel.OutOfMemory:
			c.peak = done.Peak
			c.end(done.At, "it used more than its memory, or most of a full node's", true)
		case r.calls[done.Call] != nil:
			r.calls[done.Call] <- done
			delete(r.calls, done.Call)
		}
	}
	next, found := r.model.Next()
	switch {
	case !found:
		r.alarm.Stop()
	case next != r.due || r.now() >= next: // else it is set already
		r.alarm.Reset(next - r.now())
	}
	r.due = next
}

// ring brings the model up to now: the alarm does.
func (r *Runtime) ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
}
