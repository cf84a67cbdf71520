package engine

import "slices"

// tenant is an account. Tenants share memory that is short by deficit round
// robin, in bytes booked: while anything starves, whatever wants a container
// stands in line, and each tenant in turn is given room for quantum bytes.
type tenant struct {
	index   int
	account string
	// waiting counts its requests, booked the memory of its containers.
	waiting int
	booked  Bytes

	// starved are its functions that want containers and have no room, the most
	// urgent first.
	starved heap
	// deficit is what may be given to it in this turn. It is nothing as soon as
	// nothing starves: what is not needed is not saved.
	deficit Bytes
	// hold is the room that it waits for on one node, if any.
	hold    *claim
	onRound element[tenant]
}

const (
	// quantum is a common container's size. Larger ones wait for several turns;
	// much less would only make more turns of it.
	quantum Bytes = 256 << 20
	// triesPerAsk is how many functions are tried again when one asks once more,
	// though no room is known to have come up: evictions may be allowed by now.
	triesPerAsk = 8
)

// tenantOf finds or makes the tenant of an account.
func (e *Engine) tenantOf(account string) *tenant {
	t := e.tenants[account]
	if t == nil {
		t = &tenant{index: len(e.byAccount), account: account}
		t.onRound.value = t
		e.tenants[account] = t
		e.byAccount = append(e.byAccount, t)
	}
	return t
}

// owns makes the function the tenant's, for ever.
func (t *tenant) owns(f *function) {
	f.tenant = t
	t.booked += f.booked
}

// starve notes how many creations of the function find no room, and lines it up.
func (e *Engine) starve(f *function, unplaced int, size Bytes) {
	unplaced = max(0, unplaced)
	t := f.tenant
	if f.short {
		e.shortage -= Bytes(f.unplaced) * f.unplacedSize
	}
	f.unplaced, f.unplacedSize = unplaced, size
	f.short = f.short && unplaced > 0
	if f.short {
		e.shortage += Bytes(unplaced) * size
	}
	queued := f.starves()
	if unplaced > 0 {
		f.onStarved.key = e.policy.Urgency(e.now, &f.FunctionView)
	}
	switch {
	case unplaced > 0 && !queued:
		e.timersSet++
		f.onStarved.tie = e.timersSet
		t.starved.put(&f.onStarved)
		e.starving++
		if t.onRound.in == nil {
			e.round.pushBack(&t.onRound)
		}
	case unplaced > 0:
		t.starved.put(&f.onStarved)
	case queued:
		t.starved.remove(&f.onStarved)
		e.starving--
		if h := t.hold; h != nil && h.fn == f && h.left == 0 {
			e.release(h)
		}
		if t.starved.top() == nil {
			t.onRound.leave()
			t.deficit = 0
		}
	}
}

func (f *function) starves() bool { return f.onStarved.place != 0 }

// lacksMemory: the function's want of memory is one that more nodes would help.
func (e *Engine) lacksMemory(f *function) {
	if !f.short {
		f.short = true
		e.shortage += Bytes(f.unplaced) * f.unplacedSize
	}
}

// relieve gives what room there is to those who starve: tenant by tenant, and
// of a tenant to the most urgent first. It tries a few, and then the function
// that asks, which may be nil: it may need less than the others.
func (e *Engine) relieve() {
	var tried [triesPerAsk]*function
	n, passed, gave := 0, 0, false
	for n < triesPerAsk && passed < e.round.n && e.paced() > 0 && !e.busy() {
		t := e.round.first()
		top := t.starved.top()
		switch {
		case top == nil: // all that it has were tried
			passed++
			e.nextTenant(t)
			continue
		case e.round.n == 1:
			t.deficit = max(t.deficit, quantum)
		case t.deficit < top.owner.(*function).unplacedSize:
			e.visited++
			t.deficit += quantum
			e.nextTenant(t)
			continue
		}
		e.visited++
		f := top.owner.(*function)
		if given := e.provide(f); given {
			passed, gave = 0, true
			continue
		}
		t.starved.remove(&f.onStarved)
		tried[n] = f
		n++
		e.nextTenant(t)
	}
	for _, f := range tried[:n] {
		f.tenant.starved.put(&f.onStarved)
		if f.tenant.onRound.in == nil { // the others that it had are served
			e.round.pushBack(&f.tenant.onRound)
		}
	}
	if gave && e.busy() && e.round.n > 0 {
		// There may be room for more of them: that is for the next Step.
		e.arm(&e.round.first().starved.top().owner.(*function).scaleTimer, e.now)
	}
	if f := e.asking; f != nil && f.starves() && !slices.Contains(tried[:n], f) && e.paced() > 0 && !e.busy() {
		e.provide(f)
	}
	e.asking = nil
	e.reserve()
}

func (e *Engine) nextTenant(t *tenant) {
	t.onRound.leave()
	e.round.pushBack(&t.onRound)
}

// provide finds room for one container of a starving function whose turn it
// is: free memory, else what idle containers hold. It reports false when there
// is none; then room may be held for it.
func (e *Engine) provide(f *function) bool {
	size := e.size(f)
	switch {
	case f.Waiting == 0:
		e.starve(f, 0, 0)
		return true
	case e.tooLarge(size.Booked):
		e.starve(f, 0, 0)
		e.arm(&f.scaleTimer, e.now) // which tells those who wait
		return true
	}
	if n := e.place(f, size.Booked); n != nil {
		e.create(n, f, size)
	} else if !e.evictFor(f, size.Booked) {
		e.lacksMemory(f)
		e.holdRoom(f, size.Booked)
		return false
	}
	f.tenant.deficit -= size.Booked
	e.starve(f, f.unplaced-1, size.Booked)
	return true
}

// paced is how many more creations the policy's pace allows.
func (e *Engine) paced() int {
	pace := e.policy.Pace(&e.pool)
	if pace <= 0 {
		return creationsPerAsk
	}
	return min(pace-e.pool.Creating, creationsPerAsk)
}
