package engine

import "time"

// Decision is what became of one request, and why: for people to read, and for
// nothing that the engine decides. It is no part of a snapshot.
type Decision struct {
	Request  RequestID
	Account  string
	Function string
	// Arrived is when the request came, Answered when it was granted or refused.
	Arrived, Answered Instant

	Granted, Cold bool
	// Refusal, RetryAfter and Message are those of the refusal, if it is one.
	Refusal    Refusal
	RetryAfter time.Duration
	Message    string
	// Node and Container were granted, of that Size. Making it took CreationTook
	// when the start was cold.
	Node         NodeID
	Container    ContainerID
	Size         Size
	CreationTook time.Duration

	// Seen is the function as it was when the request came.
	Seen Seen
	// What was done for the function while the request waited, and how many nodes
	// were asked for, for whomever.
	Created, Evicted, Reserved int
	// Cause is the event that ended its waiting: ContainerReady, or the Return of
	// CauseRequest's container, or another one.
	Cause        EventKind
	CauseRequest RequestID
	Reason       Reason
}

// Seen is what there was of a function: containers in service, how many of them
// idle, creations under way, leases, and requests waiting.
type Seen struct{ Ready, Idle, Creating, InFlight, Waiting int }

// Reason is what a policy expected when a request found no container with room.
// What it does not know is 0.
type Reason struct {
	// Wait until a busy container has room, and how long a new one takes.
	Wait, ColdStart time.Duration
	// Execution is how long one call takes.
	Execution time.Duration
	// Price is how much waiting a new container has to spare to be worth it.
	Price time.Duration
}

// A Reasoner is a policy that can tell its reasons.
type Reasoner interface {
	Reason(now Instant, f *FunctionView, p *PoolView) Reason
}

// asked is what a Decision needs to know of the time when its request came.
type asked struct {
	fn            *function
	arrived       Instant
	seen          Seen
	made, evicted uint32
	reservations  uint64
	reason        Reason
}

// decisions is a ring of the last ones. Without room it keeps none.
type decisions struct {
	ring []Decision
	next int
}

// look notes in e.asked what there is of the function when a request comes.
func (e *Engine) look(f *function) {
	q := &e.asked
	q.fn, q.arrived, q.reason = f, e.now, Reason{}
	q.seen = Seen{f.Ready, f.Idle, f.Creating, f.InFlight, f.Waiting}
	q.made, q.evicted, q.reservations = f.made, f.evicted, e.reservationSerial
}

// decided keeps a record of the answer to the request that e.asked is of.
func (e *Engine) decided(a *Action, c *container) {
	ring := e.decisions.ring
	if len(ring) == 0 {
		return
	}
	d := &ring[e.decisions.next]
	if e.decisions.next++; e.decisions.next == len(ring) {
		e.decisions.next = 0
	}
	q := &e.asked
	// Field by field, in place: this is on the way of every warm call.
	d.Request, d.Arrived, d.Answered, d.Granted, d.Cold = a.Request, q.arrived, e.now, a.Kind == Grant, a.Cold
	d.Refusal, d.RetryAfter, d.Message = a.Refusal, a.RetryAfter, a.Message
	d.Node, d.Container = a.Node, a.Container
	d.Seen, d.Reason = q.seen, q.reason
	d.Cause, d.CauseRequest = e.cause, e.causeRequest
	d.Account, d.Function = "", ""
	d.Created, d.Evicted, d.Reserved = 0, 0, 0
	if f := q.fn; f != nil {
		d.Function, d.Account = f.Spec.Name, f.tenant.account
		d.Created, d.Evicted, d.Reserved = int(f.made-q.made), int(f.evicted-q.evicted), int(e.reservationSerial-q.reservations)
	}
	d.Size, d.CreationTook = Size{}, 0
	if c != nil {
		d.Size = c.Size
		if a.Cold {
			d.CreationTook = c.ReadyAt.Sub(c.started)
		}
	}
}

// Decision finds what was last decided about a request. It is false when that
// is not known: the request is waiting, or unknown, or others have come since
// that fill all of Config.Decisions. It visits all that are kept.
func (e *Engine) Decision(id RequestID) (Decision, bool) {
	return e.lastDecision(func(d *Decision) bool { return d.Request == id })
}

// LastDelay finds the last decision that was not to serve a request warm and at once.
func (e *Engine) LastDelay() (Decision, bool) {
	return e.lastDecision(func(d *Decision) bool { return !d.Granted || d.Cold || d.Cause != Acquire })
}

func (e *Engine) lastDecision(wanted func(*Decision) bool) (Decision, bool) {
	ring := e.decisions.ring
	for i := range ring {
		d := &ring[(e.decisions.next+len(ring)-1-i)%len(ring)]
		if d.Request != "" && wanted(d) {
			return *d, true
		}
	}
	return Decision{}, false
}
