package sim

import (
	"slices"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// foreseen is what the oracle knows of one function.
type foreseen struct {
	calls []foreseenCall // in order of arrival
	// memory of a container, in which limit calls run at once; cold is what making one takes.
	memory engine.Bytes
	limit  int
	cold   time.Duration
	// known is the instant from which on containers may be made.
	known time.Duration
}

// foreseenCall takes so long in a container; its slowdown is by alone.
type foreseenCall struct{ arrives, takes, alone time.Duration }

// slowdown that a delay adds.
func (c *foreseenCall) slowdown(delay time.Duration) float64 {
	return float64(delay) / float64(max(c.alone, leastWork))
}

// line plans the calls of one function, first come, first served, as the engine
// serves them. Its containers form a stack: a call gets the one that was in use
// last, so that as few as possible are idle for short and the others for long.
type line struct {
	*foreseen
	profile *profile // nil: there is room for everything
	price   price
	// Containers with calls and room, and idle ones; those used last are last.
	open, idle []*planned
	ends       endHeap
	// first is when the call that is planned could begin, had it a container.
	first   time.Duration
	steps   []step
	starts  []time.Duration // of each call
	cost    float64
	refused []int
}

// planned is a container of the plan.
type planned struct {
	inFlight int
	until    time.Duration // when its last call so far ends
}

// step is an instant from which on there shall be so many containers more.
type step struct {
	at   time.Duration
	more int
}

// option is one way to serve a call.
type option struct {
	at time.Duration
	c  *planned // nil: a new container
	// from and to bound what has to be booked beyond what is booked already.
	from, to time.Duration
	cost     float64
}

// tick is the shortest time after which the engine asks a policy again, and so
// how far a plan and what happens may be apart.
const tick = time.Millisecond

// failedSlowdown is the least that a refused call counts in a plan.
const failedSlowdown = 60

// plan serves all calls and returns when how many containers there shall be.
func (l *line) plan() {
	floor := time.Duration(0) // no call may overtake the one before
	for i := range l.calls {
		call := &l.calls[i]
		l.first = max(call.arrives, floor)
		best, ok := l.earliest(i, l.first)
		if !ok { // it is refused
			floor = max(floor, call.arrives+engineMaxWait+2*tick)
			l.starts = append(l.starts, floor)
			l.cost += l.price.slowdown * max(call.slowdown(failedResponse), failedSlowdown)
			l.refused = append(l.refused, i)
			continue
		}
		if later, ok := l.afterNextEnd(i, best); ok {
			best = later
		}
		floor = best.at
		l.starts = append(l.starts, floor)
		l.cost += best.cost
		l.commit(best, call)
	}
	l.advance(forever)
	l.discard()
	l.steps = compact(l.steps)
}

// earliest is the first instant from t on at which the call finds a container
// and memory for it; false: none before it is refused.
func (l *line) earliest(i int, t time.Duration) (option, bool) {
	call := &l.calls[i]
	for t < call.arrives+engineMaxWait {
		l.advance(t)
		o := l.at(i, t)
		if o.at >= call.arrives+engineMaxWait {
			break
		}
		if l.ends.len() > 0 && l.ends.next() <= o.at && o.at > t { // a container is free sooner than a new one is ready
			t = l.ends.next()
			continue
		}
		full := l.full(&o)
		if full < 0 {
			return o, true
		}
		t = l.profile.begin(full+1) + l.cold
		if l.ends.len() > 0 {
			t = min(t, l.ends.next())
		}
	}
	return option{}, false
}

// at is how the call is served at t, or as soon as a container can be ready.
func (l *line) at(i int, t time.Duration) option {
	call := &l.calls[i]
	o := option{at: t, to: t + call.takes}
	if n := len(l.open); n > 0 {
		o.c = l.open[n-1]
		o.from = min(o.c.until, o.to)
	} else if n := len(l.idle); n > 0 && t-l.idle[n-1].until <= l.cold && (t == l.first || l.idle[n-1].until == t) {
		o.c = l.idle[n-1]
		o.from = o.c.until
	} else {
		o.from = max(l.known, t-l.cold)
		o.at = o.from + l.cold
		o.to = o.at + call.takes
	}
	idle := min(o.at-o.from, l.cold)
	if o.c != nil && o.c.inFlight > 0 {
		idle = 0
	}
	o.cost = float64(l.price.slowdown*call.slowdown(o.at-call.arrives)) +
		float64(l.price.byteSecond*float64(float64(l.memory)*idle.Seconds()))
	return o
}

// full is the last slot in which there is no room for the option; -1: there is.
func (l *line) full(o *option) int {
	if l.profile == nil || o.c != nil && o.c.inFlight > 0 {
		return -1
	}
	first, last := l.slots(o)
	return l.profile.full(first, last, l.memory)
}

// slots of the profile that the option books: without that in which the
// container is booked already.
func (l *line) slots(o *option) (first, last int) {
	first, last = l.profile.at(o.from), l.profile.at(o.to)
	if o.c != nil {
		first++
	}
	return first, last
}

// afterNextEnd is to wait for the next container that is free, where that costs
// less than the best option without it. All that come meanwhile wait, too.
func (l *line) afterNextEnd(i int, best option) (option, bool) {
	if l.ends.len() == 0 || len(l.open) > 0 || best.c != nil && best.from == best.at {
		return option{}, false
	}
	end, call := l.ends.next(), &l.calls[i]
	if end >= call.arrives+engineMaxWait {
		return option{}, false
	}
	cost := l.price.slowdown * call.slowdown(end-call.arrives)
	for j := i + 1; j < len(l.calls) && l.calls[j].arrives < end && cost < best.cost; j++ {
		c := &l.calls[j]
		cost += l.price.slowdown * c.slowdown(end-max(c.arrives, best.at))
	}
	if cost >= best.cost {
		return option{}, false
	}
	o := option{at: end, c: l.ends.first(), to: end + call.takes}
	o.from = min(o.c.until, o.to)
	o.cost = l.price.slowdown * call.slowdown(end-call.arrives)
	if l.full(&o) >= 0 {
		return option{}, false
	}
	l.advance(end)
	return o, true
}

// commit serves the call so.
func (l *line) commit(o option, call *foreseenCall) {
	if l.profile != nil {
		first, last := l.slots(&o)
		l.profile.add(first, last, l.memory)
	}
	c := o.c
	if c == nil {
		l.discard() // what is idle now has been for too long
		c = &planned{}
		l.steps = append(l.steps, step{o.from, 1})
	} else if c.inFlight == 0 {
		l.idle = remove(l.idle, c)
	} else {
		l.open = remove(l.open, c)
	}
	c.inFlight++
	c.until = max(c.until, o.at+call.takes)
	if c.inFlight < l.limit {
		l.open = append(l.open, c)
	}
	l.ends.add(o.at+call.takes, c)
}

// advance ends the calls that are over at t.
func (l *line) advance(t time.Duration) {
	for l.ends.len() > 0 && l.ends.next() <= t {
		c := l.ends.pop()
		if c.inFlight < l.limit {
			l.open = remove(l.open, c)
		}
		if c.inFlight--; c.inFlight > 0 {
			l.open = append(l.open, c)
		} else {
			l.idle = append(l.idle, c)
		}
	}
}

// discard lets go of all idle containers, each when it got idle.
func (l *line) discard() {
	for _, c := range l.idle {
		l.steps = append(l.steps, step{c.until, -1})
	}
	l.idle = l.idle[:0]
}

// remove takes out c, which is likely to be near the end.
func remove(from []*planned, c *planned) []*planned {
	for i := len(from) - 1; i >= 0; i-- {
		if from[i] == c {
			return slices.Delete(from, i, i+1)
		}
	}
	return from
}

// compact sorts steps and adds up those of one instant.
func compact(steps []step) []step {
	slices.SortFunc(steps, func(a, b step) int { return int(min(max(a.at-b.at, -1), 1)) })
	n := 0
	for _, s := range steps {
		if n > 0 && steps[n-1].at == s.at {
			steps[n-1].more += s.more
			continue
		}
		steps[n] = s
		n++
	}
	return steps[:n]
}
