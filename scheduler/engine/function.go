package engine

// function is what the engine keeps of a function, for ever: it must stay small.
// What every call needs lies in front, together: see functionTable.
type function struct {
	// first is what Spec leads to until a caller says otherwise. The name stays.
	first FunctionSpec
	FunctionView
	// tenant is the account of its first request; nil before.
	tenant *tenant
	// limit is the last answer of Concurrency.
	limit int
	// idle and open hold the containers in service without leases and with
	// leases and room, those used last in front. open may lag behind a
	// concurrency that changes: it is put right as containers come and go.
	idle, open list[container]
	// queue holds the waiting requests in order of arrival. It is empty under a
	// policy that binds: those requests hang on their creation or reservation.
	queue list[request]
	// leases are in order of their grants.
	leases list[lease]
	// byAge holds idle and open ones, in order of Serial; used by OldestFirst only.
	byAge heap
	// all of its containers, in order of Serial.
	all       list[container]
	idleTimer heapItem

	scaleTimer heapItem
	// sandbox is the kind of sandbox that it takes, as a node said that made a container.
	sandbox string
	// booked is the memory of its containers.
	booked Bytes

	// round counts the failed rounds of creation: those started in one round
	// and failing together count once.
	round int
	// avoid is the node of the last failure, until a creation succeeds.
	avoid *node
	// Nothing is created before holdUntil while something else may serve the function.
	holdUntil Instant
	failure   string // the last one, in words
	// made and evicted count the creations and evictions for it.
	made, evicted uint32
	// Requests of a round before doom are refused, with doomed as the reason.
	doom   int
	doomed Refusal
	short  bool // see unplaced

	// unplaced creations of unplacedSize each are wanted and have no room yet,
	// short: for lack of memory; reclaims more wait for containers that have to
	// leave first.
	unplaced     int
	unplacedSize Bytes
	reclaims     int
	onStarved    heapItem // among its tenant's starving ones, by Urgency
}

// functionFor finds or makes the function. The caller's word on it is the
// latest, so its spec is replaced when it differs; never changed, as actions hold it.
func (e *Engine) functionFor(spec *FunctionSpec) *function {
	f := e.functions.find(spec.Name)
	if f == nil {
		return e.addFunction(*spec)
	}
	if *f.Spec != *spec {
		s := *spec
		f.Spec = &s
	}
	return f
}

func (e *Engine) addFunction(spec FunctionSpec) *function {
	f := e.functions.add(spec)
	f.Pool, f.limit = &e.pool, 1
	f.scaleTimer.kind, f.scaleTimer.owner = timerScale, f
	f.idleTimer.kind, f.idleTimer.owner = timerIdle, f
	f.onStarved.owner = f
	return f
}

// announce lets the policy prepare for a function that nobody has called yet.
func (e *Engine) announce(ev *Event) {
	if ev.Function.Name == "" || e.rules.Binds {
		return
	}
	f := e.functionFor(&ev.Function)
	if f.tenant == nil {
		e.tenantOf(ev.Account).owns(f)
	}
	if e.policy.Announced(e.now, &f.FunctionView) {
		e.grow(f)
	}
}

// size is the memory of a new container.
func (e *Engine) size(f *function) Size {
	size := e.policy.Size(&f.FunctionView)
	if size.Memory <= 0 {
		size.Memory = e.cfg.DefaultMemory
	}
	size.Memory = min(size.Memory, maxBytes)
	if size.Booked <= 0 || size.Booked > size.Memory {
		size.Booked = size.Memory
	}
	return size
}

// limit asks how many leases a container of the function may hold.
func (e *Engine) limit(f *function) int {
	f.limit = max(1, e.policy.Concurrency(&f.FunctionView))
	return f.limit
}

// pick returns the container in service to grant next, or nil when none has
// room; more: or when it has not seen all that may have some.
func (e *Engine) pick(f *function) (c *container, more bool) {
	limit := e.limit(f)
	for range picksPerAsk {
		c := f.open.first()
		if e.rules.OldestFirst {
			c = f.oldest()
		}
		if c == nil {
			return f.idle.first(), false
		}
		if c.InFlight < limit {
			return c, false
		}
		e.visited++
		f.byAge.remove(&c.age)
		c.byFunction.leave()
	}
	return f.idle.first(), f.open.n > 0
}

// oldest is of those that may have room the one created first.
func (f *function) oldest() *container {
	if t := f.byAge.top(); t != nil {
		return t.owner.(*container)
	}
	return nil
}

// enlist makes a container in service findable as long as it has room.
func (e *Engine) enlist(c *container) {
	f, n := c.fn, c.node
	e.uses++
	c.stamp = e.uses
	switch {
	case c.InFlight == 0:
		c.IdleSince = e.now
		f.Idle++
		f.idle.pushFront(&c.byFunction)
		c.worth.key, _ = e.policy.Evict(e.now, &f.FunctionView, &c.ContainerView, nil)
		c.worth.tie = c.stamp
		n.idle.put(&c.worth)
		n.idleMemory += c.Booked
		e.regained(n)
		e.watchIdle(f, false)
		e.relieved = e.relieved || e.starving > 0
	case c.InFlight < f.limit:
		f.open.pushFront(&c.byFunction)
	default:
		return
	}
	if e.rules.OldestFirst {
		f.byAge.put(&c.age)
	}
}

// delist takes a container in service off every list of those with room.
func (e *Engine) delist(c *container) {
	f, n := c.fn, c.node
	if c.byFunction.in == &f.idle {
		f.Idle--
		n.idle.remove(&c.worth)
		n.idleMemory -= c.Booked
		e.regained(n)
	}
	c.byFunction.leave()
	f.byAge.remove(&c.age)
}
