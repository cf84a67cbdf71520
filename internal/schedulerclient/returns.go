package schedulerclient

import (
	"context"
	"sync"
)

// returns are the containers on their way back to the scheduler. A return does
// not hold up its caller's answer, but it is over before the function's next
// container is acquired: whoever has an answer finds the container free.
type returns struct {
	running sync.WaitGroup

	mu sync.Mutex // guards last
	// last has, for each function with returns on their way, a channel that is
	// closed when all of them are over.
	last map[string]chan struct{}
}

// begin carries out giveBack beside the caller.
func (r *returns) begin(function string, giveBack func()) {
	over := make(chan struct{})
	r.mu.Lock()
	if r.last == nil {
		r.last = map[string]chan struct{}{}
	}
	before := r.last[function]
	r.last[function] = over
	r.mu.Unlock()
	r.running.Go(func() {
		giveBack()
		if before != nil {
			<-before
		}
		close(over)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.last[function] == over {
			delete(r.last, function)
		}
	})
}

// await waits for the function's returns that have begun.
func (r *returns) await(ctx context.Context, function string) {
	r.mu.Lock()
	over := r.last[function]
	r.mu.Unlock()
	if over == nil {
		return
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}
