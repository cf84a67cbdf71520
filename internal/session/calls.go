package session

import (
	"context"
	"slices"
	"sync"
)

// Calls are the calls that a client makes over a stream: of requests Q, for answers
// A. It is safe for concurrent use; Take has one taker.
type Calls[Q, A any] struct {
	// Late gets an answer whose caller has left. It is set before the first call; nil is fine.
	Late func(request Q, answer A)

	wake Signal

	mu     sync.Mutex // guards what follows, and the calls
	last   uint64     // id
	open   map[uint64]*Call[Q, A]
	unsent []*Call[Q, A] // and maybe left
	left   []uint64      // those of the sent that the other side is to be told of
	ended  *A            // the answer of all calls from now on, if not nil
}

// Call is one of them.
type Call[Q, A any] struct {
	// Ctx is its caller's.
	Ctx context.Context
	// ID tells it from all other Calls.
	ID      uint64
	Request Q

	answer     chan A // of one
	sent, left bool
}

// NewCalls makes an empty one.
func NewCalls[Q, A any]() *Calls[Q, A] {
	return &Calls[Q, A]{wake: NewSignal(), open: map[uint64]*Call[Q, A]{}}
}

// Do queues a call and waits for its answer. The error is ctx's: the caller has left.
func (c *Calls[Q, A]) Do(ctx context.Context, request Q) (answer A, err error) {
	call := &Call[Q, A]{Ctx: ctx, Request: request, answer: make(chan A, 1)}
	c.mu.Lock()
	if c.ended != nil {
		defer c.mu.Unlock()
		return *c.ended, nil
	}
	c.last++
	call.ID = c.last
	c.open[call.ID] = call
	c.unsent = append(c.unsent, call)
	c.mu.Unlock()
	c.wake.Set()
	select {
	case answer = <-call.answer:
		return answer, nil
	case <-ctx.Done():
		c.leave(call)
		return answer, ctx.Err()
	}
}

func (c *Calls[Q, A]) leave(call *Call[Q, A]) {
	c.mu.Lock()
	answered := c.open[call.ID] == nil
	if !answered {
		call.left = true
		if call.sent {
			c.left = append(c.left, call.ID)
			c.wake.Set()
		} else {
			delete(c.open, call.ID)
		}
	}
	c.mu.Unlock()
	if answered {
		c.late(call, <-call.answer)
	}
}

func (c *Calls[Q, A]) late(call *Call[Q, A], answer A) {
	if c.Late != nil {
		c.Late(call.Request, answer)
	}
}

// Ready tells when there may be something to take.
func (c *Calls[Q, A]) Ready() <-chan struct{} { return c.wake }

// Wake makes Ready tell.
func (c *Calls[Q, A]) Wake() { c.wake.Set() }

// Take takes out the oldest calls, as sent, and the ids of sent ones whose callers
// have left. There may be none.
func (c *Calls[Q, A]) Take(most int) (calls []*Call[Q, A], left []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(most, len(c.unsent))
	for _, call := range c.unsent[:n] {
		if !call.left {
			call.sent = true
			calls = append(calls, call)
		}
	}
	if c.unsent = slices.Delete(c.unsent, 0, n); len(c.unsent) > 0 {
		c.wake.Set()
	}
	left, c.left = c.left, nil
	return calls, left
}

// Unsend puts back calls that were taken, but could not be sent.
func (c *Calls[Q, A]) Unsend(calls []*Call[Q, A]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range calls {
		call.sent = false
		if call.left {
			delete(c.open, call.ID)
		}
	}
	c.unsent = append(slices.Clone(calls), c.unsent...)
}

// Answer ends a call. One that is unknown, or over, is left at that.
func (c *Calls[Q, A]) Answer(id uint64, answer A) {
	c.mu.Lock()
	call := c.open[id]
	delete(c.open, id)
	left := call != nil && call.left
	if call != nil {
		call.answer <- answer
	}
	c.mu.Unlock()
	if left {
		c.late(call, answer)
	}
}

// Resend makes all calls unsent that have no answer, in their order, and forgets
// those whose callers have left: the stream has ended that they were sent on.
func (c *Calls[Q, A]) Resend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsent, c.left = c.unsent[:0], nil
	for id, call := range c.open {
		if call.left {
			delete(c.open, id)
			continue
		}
		call.sent = false
		c.unsent = append(c.unsent, call)
	}
	slices.SortFunc(c.unsent, func(a, b *Call[Q, A]) int { return int(int64(a.ID) - int64(b.ID)) })
	if len(c.unsent) > 0 {
		c.wake.Set()
	}
}

// FailSent answers the calls that were sent: the stream has broken on which their
// answers would have come. The others wait for the next one.
func (c *Calls[Q, A]) FailSent(answer A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, call := range c.open {
		if call.sent {
			delete(c.open, id)
			call.answer <- answer
		}
	}
	if c.left = nil; len(c.unsent) > 0 {
		c.wake.Set()
	}
}

// Fail answers all calls: there is no stream for them.
func (c *Calls[Q, A]) Fail(answer A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(answer)
}

// End answers all calls, also those to come: there will be no stream.
func (c *Calls[Q, A]) End(answer A) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = &answer
	c.fail(answer)
}

// fail needs mu.
func (c *Calls[Q, A]) fail(answer A) {
	for id, call := range c.open {
		delete(c.open, id)
		call.answer <- answer
	}
	c.unsent, c.left = nil, nil
}
