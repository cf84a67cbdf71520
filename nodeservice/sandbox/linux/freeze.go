package linux

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/wire"
)

// trimTimeout is for an agent to give memory back: a collection of its small heap.
const trimTimeout = time.Second

// rest is a container's freezing when it is idle. container.mu guards it; the
// cgroup's file is written under it, which takes a tenth of a millisecond, so that an
// invocation finds the container either frozen or not, and never half.
type rest struct {
	after  time.Duration
	timer  *time.Timer // nil: the container is never frozen
	frozen atomic.Bool // read by anybody
	// entered counts invocations, to tell whether one came meanwhile.
	entered int
}

// beginRest lets the container be frozen from now on. It is called when its
// function is loaded: what is loading, or waits in the pool, must run.
func (c *container) beginRest() {
	after := c.runtime.cfg.FreezeAfter
	if after <= 0 || c.group == nil || c.broken != nil || !c.group.Freezes() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.rest.after = after
		c.rest.timer = time.AfterFunc(after, c.freeze)
	}
}

// freeze freezes the container if it is idle. Whoever invokes it meanwhile wins.
func (c *container) freeze() {
	c.mu.Lock()
	entered := c.rest.entered
	idle := c.canFreeze(entered)
	c.mu.Unlock()
	if !idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), trimTimeout)
	_, _ = c.client.Trim(ctx, &wire.TrimRequest{}) // it is the better without, no more
	cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.canFreeze(entered) {
		return // the invocation's end has started the timer anew
	}
	if err := c.group.Freeze(); err != nil {
		c.runtime.log.Warn("an idle container could not be frozen", zap.String("container", c.called()), zap.Error(err))
		_ = c.group.Thaw()
		return
	}
	c.rest.frozen.Store(true)
}

// canFreeze: no invocation runs, and none has come since so many had. mu is held.
func (c *container) canFreeze(entered int) bool {
	return c.end == nil && c.inFlight == 0 && c.rest.entered == entered && !c.rest.frozen.Load()
}

// thaw lets a frozen container go on, and says what that took. mu is held.
func (c *container) thaw() (time.Duration, error) {
	if !c.rest.frozen.Load() {
		return 0, nil
	}
	begun := time.Now()
	if err := c.group.Thaw(); err != nil {
		return 0, err
	}
	c.rest.frozen.Store(false)
	return time.Since(begun), nil
}

// Frozen reports whether the container is frozen.
func (c *container) Frozen() bool { return c.rest.frozen.Load() }
