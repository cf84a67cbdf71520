package linux

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// creations lets so many containers be made at once as the node can make without
// each taking much longer: one more as long as they take about as long as the
// quickest lately, half as many when one takes several times that. The others wait, in order.
type creations struct {
	most   int
	closed chan struct{}
	ended  *sync.Cond // one has

	mu      sync.Mutex // guards the fields below
	limit   float64
	under   int             // have a turn
	made    int             // are being made
	waiting []chan struct{} // closed when it is their turn
	best    time.Duration   // the quickest lately
	cut     time.Time       // limit was halved then
	last    time.Time       // one ended then
}

const (
	// slowCreation is how many times the quickest is too slow.
	slowCreation = 4
	// bestFades: so much longer the quickest is taken for with each creation, as hosts change.
	bestFades = 1.01
	// settles is how long a container's first call takes, most often.
	settles = 30 * time.Millisecond
	// longLoad is how long a function may be loaded within its container's turn: one that takes
	// longer waits for something more often than it computes, and is not to hold up the others.
	longLoad = time.Second
)

// creation is one that has, or had, its turn.
type creation struct {
	of      *creations
	yielded bool // guarded by of.mu
}

func newCreations(most int) *creations {
	c := &creations{most: most, closed: make(chan struct{}), limit: float64(most)}
	c.ended = sync.NewCond(&c.mu)
	return c
}

// begin waits for a turn; each is followed by one call of end.
func (c *creations) begin(ctx context.Context) (*creation, error) {
	c.mu.Lock()
	turn := make(chan struct{})
	c.waiting = append(c.waiting, turn)
	c.admit()
	c.mu.Unlock()
	err := ErrClosed
	select {
	case <-turn:
		return &creation{of: c}, nil
	case <-c.closed:
	case <-ctx.Done():
		err = fmt.Errorf("wait for other containers to be created: %w", context.Cause(ctx))
	}
	c.mu.Lock()
	if at := slices.Index(c.waiting, turn); at >= 0 {
		c.waiting = slices.Delete(c.waiting, at, at+1)
		c.mu.Unlock()
		return nil, err
	}
	c.mu.Unlock()
	(&creation{of: c}).end(0) // its turn came meanwhile
	return nil, err
}

// yield lets the next one have the turn. It is told how long the sandbox took to make; 0 where
// that tells nothing.
func (t *creation) yield(took time.Duration) {
	c := t.of
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.yielded {
		return
	}
	t.yielded = true
	c.under--
	if took > 0 {
		c.learn(took, time.Now())
	}
	c.admit()
}

// end yields the turn, if that has not been done before: the container is made, or can't be.
func (t *creation) end(took time.Duration) {
	t.yield(took)
	c := t.of
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made--
	c.last = time.Now()
	c.ended.Broadcast()
}

func (c *creations) learn(took time.Duration, now time.Time) {
	if c.best == 0 {
		c.best = took
	}
	c.best = min(took, time.Duration(bestFades*float64(c.best)))
	switch {
	case took <= slowCreation*c.best:
		c.limit = min(c.limit+1/c.limit, float64(c.most))
	case now.Sub(c.cut) > took: // those that began before the last cut do not count again
		c.limit, c.cut = max(c.limit/2, 1), now
	}
}

// admit lets those in whose turn it is. c.mu is held.
func (c *creations) admit() {
	for len(c.waiting) > 0 && c.under < int(c.limit) && !c.isClosed() {
		c.under++
		c.made++
		close(c.waiting[0])
		c.waiting = slices.Delete(c.waiting, 0, 1)
	}
}

// close lets nobody in any more, and returns when none is being made.
func (c *creations) close() {
	close(c.closed)
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.made > 0 {
		c.ended.Wait()
	}
}

func (c *creations) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// idle: none is being made, and none waits, nor is one so new that its first call may be
// under way.
func (c *creations) idle(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made+len(c.waiting) == 0 && now.Sub(c.last) > settles
}
