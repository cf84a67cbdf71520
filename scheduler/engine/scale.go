package engine

import (
	"fmt"
	"strings"
	"time"
)

// recheckIdle bounds how long an answer of KeepContainer holds: what it
// depends on changes without an event.
const recheckIdle = 10 * time.Second

// grow asks the policy for more containers, and sees to their room.
func (e *Engine) grow(f *function) {
	if e.rules.Binds {
		return
	}
	if e.busy() || e.dismissDoomed(f) {
		e.arm(&f.scaleTimer, e.now)
		return
	}
	size := e.size(f)
	if f.queue.n > 0 && f.Ready+f.Creating == 0 && e.tooLarge(size.Booked) {
		message := e.explainSize(size.Booked)
		for f.queue.n > 0 && !e.full() {
			e.dismiss(f.queue.first(), NoCapacity, 0, message)
		}
		if f.queue.n > 0 {
			e.arm(&f.scaleTimer, e.now)
		}
		return
	}
	wanted, again := e.policy.Scale(e.now, &f.FunctionView, &e.pool)
	if f.Ready+f.Creating > 0 && e.now < f.holdUntil {
		wanted = 0
	}
	made := 0
	if e.starving == 0 { // else it has to stand in line
		made = e.createSome(f, size, wanted)
	}
	next := Instant(0)
	if again != 0 {
		next = max(again, e.after(e.now, time.Millisecond))
	}
	if f.queue.n > 0 {
		if soon := e.after(e.now, RescaleInterval); next == 0 || soon < next {
			next = soon
		}
	}
	switch {
	case made < wanted && (made == creationsPerAsk || made > 0 && e.busy()):
		next = e.now // no more in one step
	case f.queue.n > 0:
		e.starve(f, wanted-made-f.reclaims, size.Booked)
		e.asking = f
	case made < wanted && e.starving == 0 && e.pool.Reserving == 0 && e.now >= e.retryAt:
		e.reserveNode() // for what is to be made ahead of calls
	}
	if next != 0 {
		e.arm(&f.scaleTimer, next)
	}
}

// rescale is grow when its time has come. What waits may be served first: not
// all that has room may have been seen yet.
func (e *Engine) rescale(f *function) {
	if f.queue.n > 0 {
		e.serve(f, nil)
	}
	if f.scaleTimer.place == 0 {
		e.retireIdle(f)
		e.grow(f)
	}
}

// retireIdle removes idle containers, of those that the function got last, which the
// policy lets retire: of these only the one idle for longest is asked about otherwise.
func (e *Engine) retireIdle(f *function) {
	looked := 0
	if !e.rules.RetiresIdle {
		return
	}
	for el := f.all.back; el != nil && looked < retiresPerAsk && !e.busy(); looked++ {
		c := el.value
		el = el.prev
		e.visited++
		if c.state == ready && c.InFlight == 0 && e.policy.Retire(e.now, &f.FunctionView, &c.ContainerView) {
			e.policy.Expired(e.now, &f.FunctionView, e.now.Sub(c.IdleSince))
			e.remove(c)
		}
	}
}

// retiresPerAsk is how many containers of a function retireIdle looks at.
const retiresPerAsk = 8

// createSome starts as many creations as there is room for, at most wanted.
func (e *Engine) createSome(f *function, size Size, wanted int) (made int) {
	for wanted = min(wanted, e.paced()); made < wanted && !e.busy(); made++ {
		n := e.place(f, size.Booked)
		if n == nil {
			break
		}
		e.create(n, f, size)
	}
	return made
}

// place asks the policy for a node, and holds it to the rule that bookings
// never exceed a node's capacity.
func (e *Engine) place(f *function, size Bytes) *node {
	e.index.avoid = f.avoid
	v := e.policy.Place(e.now, &f.FunctionView, &e.index, size)
	e.visited++
	if v == nil && f.avoid != nil {
		e.index.avoid = nil
		v = e.policy.Place(e.now, &f.FunctionView, &e.index, size)
	}
	e.index.avoid = nil
	if v == nil || v.node.state != nodeServing || v.Free() < size {
		return nil
	}
	return v.node
}

// watchIdle sees to it that the longest idle container is looked at in time.
func (e *Engine) watchIdle(f *function, changed bool) {
	if f.idleTimer.place != 0 && !changed {
		return
	}
	c := f.idle.last()
	if c == nil {
		return
	}
	if keep := e.policy.KeepContainer(e.now, &f.FunctionView, &c.ContainerView); keep != Forever {
		e.arm(&f.idleTimer, min(e.after(c.IdleSince, keep), e.after(e.now, recheckIdle)))
	}
}

// expireIdle removes the containers that have been idle for too long.
func (e *Engine) expireIdle(f *function) {
	e.retireIdle(f)
	expired := false
	for {
		c := f.idle.last()
		if c == nil {
			break
		}
		if e.busy() {
			e.arm(&f.idleTimer, e.now)
			break
		}
		e.visited++
		keep := e.policy.KeepContainer(e.now, &f.FunctionView, &c.ContainerView)
		if keep == Forever {
			break
		}
		if at := e.after(c.IdleSince, keep); at > e.now {
			e.arm(&f.idleTimer, min(at, e.after(e.now, recheckIdle)))
			break
		}
		e.policy.Expired(e.now, &f.FunctionView, e.now.Sub(c.IdleSince))
		e.remove(c)
		expired = true
	}
	if expired {
		e.grow(f)
	}
}

// tooLarge: no node seen so far could ever hold it.
func (e *Engine) tooLarge(size Bytes) bool {
	return e.largest > 0 && size > e.largest
}

func (e *Engine) explainSize(size Bytes) string {
	return fmt.Sprintf("the container needs %d MiB, the largest node offers %d MiB", size>>20, e.largest>>20)
}

// explainCapacity says why there is no room, over all nodes together.
func (e *Engine) explainCapacity() string {
	var b strings.Builder
	switch e.pool.Nodes {
	case 0:
		b.WriteString("no nodes")
	case 1:
		b.WriteString("insufficient memory on 1 node")
	default:
		fmt.Fprintf(&b, "insufficient memory on %d nodes", e.pool.Nodes)
	}
	if e.pool.Draining > 0 {
		fmt.Fprintf(&b, ", %d draining", e.pool.Draining)
	}
	if !e.pool.Exhausted {
		fmt.Fprintf(&b, "; %d being reserved", e.pool.Reserving)
	} else {
		b.WriteString("; no node can be reserved")
		if e.poolMessage != "" {
			b.WriteString(": " + e.poolMessage)
		}
	}
	return b.String()
}
