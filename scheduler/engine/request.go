package engine

import (
	"fmt"
	"time"
)

// request is an Acquire that has not been answered.
type request struct {
	ticket   Ticket
	id       RequestID
	fn       *function
	arrived  Instant
	deadline heapItem
	// round is the function's when the request came.
	round int
	asked asked
	// Where it waits: in its function's queue, or, bound, for one of these.
	onQueue     element[request]
	creation    *container
	reservation *reservation
}

func (e *Engine) acquire(ev *Event) {
	e.pool.LastActive = e.now
	e.asked.fn, e.asked.arrived = nil, e.now
	if ev.Function.Name == "" {
		e.refuse(ev.Ticket, ev.Request, CreateFailed, 0, "the function has no name")
		return
	}
	if e.tickets[ev.Ticket] != nil || ev.Request != "" && e.waiting[ev.Request] != nil {
		e.refuse(ev.Ticket, ev.Request, Duplicate, 0, "request "+string(ev.Request)+" is waiting already")
		return
	}
	f := e.functionFor(&ev.Function)
	if f.tenant == nil {
		e.tenantOf(ev.Account).owns(f)
	}
	if len(e.decisions.ring) > 0 {
		e.look(f)
	}
	if ev.Request != "" {
		// A removed container's lease is as good as over, so the request is a new one.
		if l := e.leaseOf(ev.Request, f); l != nil && l.container.state != removing {
			e.emit(Action{Kind: Grant, Ticket: ev.Ticket, Request: ev.Request, Node: l.container.node.ID, Container: l.container.id})
			return
		} else if l != nil {
			e.leasesCut++
			e.endLease(l)
		}
	}
	if ev.Deadline != 0 && ev.Deadline <= e.now {
		e.refuse(ev.Ticket, ev.Request, DeadlineExceeded, 0, "the deadline was over when the request came")
		return
	}
	e.fetch(f)
	ask := e.policy.Arrived(e.now, &f.FunctionView)
	if f.queue.n == 0 || e.rules.BindsEarly {
		if c, _ := e.pick(f); c != nil {
			e.grant(ev.Ticket, ev.Request, c, false)
			if ask {
				e.grow(f)
			}
			return
		}
	}
	size := e.size(f)
	if e.tooLarge(size.Booked) {
		e.refuse(ev.Ticket, ev.Request, NoCapacity, 0, e.explainSize(size.Booked))
		return
	}
	if e.tooLate(ev, f, size) {
		return
	}
	if e.rules.Binds {
		e.bind(e.enqueue(ev, f), size)
		return
	}
	if f.queue.n >= e.cfg.QueueLimit {
		e.refuse(ev.Ticket, ev.Request, QueueFull, e.retryAfter(f), fmt.Sprintf("%d requests wait for %s already", f.queue.n, f.Spec.Name))
		return
	}
	if t := f.tenant; t.waiting >= e.cfg.TenantQueueLimit {
		e.refuse(ev.Ticket, ev.Request, QueueFull, e.retryAfter(f), fmt.Sprintf("%d requests of account %q wait already", t.waiting, t.account))
		return
	}
	r := e.enqueue(ev, f)
	f.queue.pushBack(&r.onQueue)
	f.OldestWait = f.queue.first().arrived
	e.serve(f, nil)
}

// bind starts what the request alone waits for.
func (e *Engine) bind(r *request, size Size) {
	if n := e.place(r.fn, size.Booked); n != nil {
		r.creation = e.create(n, r.fn, size)
		r.creation.bound = r
		return
	}
	r.reservation = e.reserveNode()
	r.reservation.bound = r
}

// serve grants what it can and asks for more containers if that is not
// enough. fresh, if not nil, has just been made: who gets it waited for it.
func (e *Engine) serve(f *function, fresh *container) {
	covered := 0 // requests that wait for a creation of their own
	if e.rules.BindsEarly && fresh == nil {
		covered = f.Creating
	}
	more := false
	for f.queue.n > covered {
		if more = e.full(); more {
			break
		}
		var c *container
		if c, more = e.pick(f); c == nil {
			break
		}
		r := f.queue.first()
		ticket, id := r.ticket, r.id
		e.asked = r.asked
		e.dequeue(r)
		e.grant(ticket, id, c, c == fresh)
	}
	if f.queue.n > 0 {
		e.grow(f)
		if more {
			e.arm(&f.scaleTimer, e.now)
		}
	}
}

func (e *Engine) enqueue(ev *Event, f *function) *request {
	var r *request
	if n := len(e.freeRequests); n > 0 {
		r = e.freeRequests[n-1]
		e.freeRequests = e.freeRequests[:n-1]
	} else {
		r = &request{}
		r.init()
	}
	r.ticket, r.id, r.fn, r.arrived, r.round = ev.Ticket, ev.Request, f, e.now, f.round
	at := e.after(e.now, e.cfg.MaxWait)
	if ev.Deadline != 0 {
		at = min(at, ev.Deadline)
	}
	if r.asked = e.asked; e.reasoner != nil {
		r.asked.reason = e.reasoner.Reason(e.now, &f.FunctionView, &e.pool)
	}
	e.arm(&r.deadline, at)
	e.tickets[r.ticket] = r
	if r.id != "" {
		e.waiting[r.id] = r
	}
	f.Waiting++
	f.tenant.waiting++
	return r
}

func (r *request) init() {
	r.onQueue.value = r
	r.deadline.kind, r.deadline.owner = timerRequest, r
}

// dequeue ends a request's waiting. Its creation goes on: others may use it.
func (e *Engine) dequeue(r *request) {
	f := r.fn
	r.onQueue.leave()
	if r.creation != nil {
		r.creation.bound, r.creation = nil, nil
	}
	if r.reservation != nil {
		r.reservation.bound, r.reservation = nil, nil
	}
	e.timers.remove(&r.deadline)
	delete(e.tickets, r.ticket)
	if r.id != "" {
		delete(e.waiting, r.id)
	}
	f.Waiting--
	f.tenant.waiting--
	f.OldestWait = 0
	if first := f.queue.first(); first != nil {
		f.OldestWait = first.arrived
	} else {
		e.starve(f, 0, 0)
	}
	r.fn, r.id = nil, ""
	e.freeRequests = append(e.freeRequests, r)
}

func (e *Engine) cancel(ev *Event) {
	if r := e.tickets[ev.Ticket]; r != nil {
		e.dismiss(r, Canceled, 0, "the caller went away")
	}
}

func (e *Engine) requestExpired(r *request) {
	f := r.fn
	if f.unplaced > 0 || r.reservation != nil {
		e.dismiss(r, NoCapacity, e.retryAfter(f), e.explainCapacity())
		return
	}
	message := fmt.Sprintf("no container in %v: %d of %s are busy, %d being made, %d requests waiting",
		e.now.Sub(r.arrived), f.Ready-f.Idle, f.Spec.Name, f.Creating, f.Waiting)
	if f.failure != "" {
		message += "; the last creation failed: " + f.failure
	}
	e.dismiss(r, DeadlineExceeded, 0, message)
}

// dismiss ends a waiting request without a container.
func (e *Engine) dismiss(r *request, why Refusal, retry time.Duration, message string) {
	ticket, id := r.ticket, r.id
	e.asked = r.asked
	e.dequeue(r)
	e.refuse(ticket, id, why, retry, message)
}

func (e *Engine) refuse(t Ticket, id RequestID, why Refusal, retry time.Duration, message string) {
	if why == Canceled {
		e.counters.Canceled++
	} else {
		e.counters.Refused++
	}
	e.emit(Action{Kind: Refuse, Ticket: t, Request: id, Refusal: why, RetryAfter: retry, Message: message})
	e.decided(&e.out[len(e.out)-1], nil)
}
