package containerservice

import (
	"context"
	"sync"
)

// running finds invocations by their request. A request's id need not be unique.
type running struct {
	mu        sync.Mutex // guards byRequest
	byRequest map[string]map[*invocation]struct{}
}

type invocation struct {
	requestID string
	cancel    context.CancelFunc
	done      chan struct{} // closed when its work has stopped
	lost      bool          // set before done is closed
}

func (r *running) begin(ctx context.Context, requestID string) (context.Context, *invocation) {
	ctx, cancel := context.WithCancel(ctx)
	inv := &invocation{requestID: requestID, cancel: cancel, done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byRequest[requestID] == nil {
		r.byRequest[requestID] = map[*invocation]struct{}{}
	}
	r.byRequest[requestID][inv] = struct{}{}
	return ctx, inv
}

func (r *running) end(inv *invocation, lost bool) {
	r.mu.Lock()
	delete(r.byRequest[inv.requestID], inv)
	if len(r.byRequest[inv.requestID]) == 0 {
		delete(r.byRequest, inv.requestID)
	}
	r.mu.Unlock()
	inv.lost = lost
	inv.cancel()
	close(inv.done)
}

func (r *running) of(requestID string) []*invocation {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*invocation
	for inv := range r.byRequest[requestID] {
		all = append(all, inv)
	}
	return all
}
