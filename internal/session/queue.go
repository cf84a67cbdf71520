// Package session is what the ends of a stream need that carries many calls: calls
// from many goroutines leave in few messages, and answers find who waits for them.
package session

import (
	"runtime"
	"slices"
	"sync"
)

// A Queue gathers what many goroutines add for one that sends it. What comes while
// that one is busy goes together in its next message: the more there is to send, the
// fewer messages it takes, and nothing waits for a timer. It is safe for concurrent
// use, but has one taker.
type Queue[T any] struct {
	wake  Signal
	mu    sync.Mutex // guards items
	items []T
}

// NewQueue makes an empty one.
func NewQueue[T any]() *Queue[T] { return &Queue[T]{wake: NewSignal()} }

// Add puts items in.
func (q *Queue[T]) Add(items ...T) {
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	q.wake.Set()
}

// Ready tells when there may be something to take.
func (q *Queue[T]) Ready() <-chan struct{} { return q.wake }

// Take takes out the oldest items. There may be none.
func (q *Queue[T]) Take(most int) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) <= most {
		items := q.items
		q.items = nil
		return items
	}
	items := slices.Clone(q.items[:most])
	q.items = slices.Delete(q.items, 0, most)
	q.wake.Set()
	return items
}

// Empty reports whether there is nothing to take.
func (q *Queue[T]) Empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) == 0
}

// A Signal wakes one goroutine, however often it is set before that one looks.
type Signal chan struct{}

// NewSignal makes one that is not set.
func NewSignal() Signal { return make(Signal, 1) }

// Set wakes who receives from the signal.
func (s Signal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// Gather lets goroutines that are about to add something do so first. The taker calls
// it between Ready and Take: one that is woken runs before those that were ready to
// run already, and would take the first item alone.
func Gather() { runtime.Gosched() }
