package engine

import (
	"fmt"
	"time"
)

// retryLeast is for how long a caller is asked to stay away that is refused for
// lack of room: what makes room is a call that ends, or a cold start.
const retryLeast = time.Second

func (e *Engine) retryAfter(f *function) time.Duration {
	return max(retryLeast, e.policy.Wait(e.now, &f.FunctionView, &e.pool))
}

// tooLate refuses a request that would be waiting in vain. A function without a
// container gets one all the same: whoever tries again finds it.
func (e *Engine) tooLate(ev *Event, f *function, size Size) bool {
	if ev.Deadline == 0 {
		return false
	}
	least := e.policy.Wait(e.now, &f.FunctionView, &e.pool)
	if e.after(e.now, least) <= ev.Deadline {
		return false
	}
	if f.Ready+f.Creating == 0 && e.starving == 0 && !e.rules.Binds {
		e.createSome(f, size, 1)
	}
	e.refuse(ev.Ticket, ev.Request, DeadlineExceeded, least, fmt.Sprintf(
		"no container of %s can be had in less than %v, and the deadline is in %v", f.Spec.Name, least, ev.Deadline.Sub(e.now)))
	return true
}
