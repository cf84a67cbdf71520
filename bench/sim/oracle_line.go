package sim

import (
	"slices"
	"time"
)

// line plans the calls of one function, first come, first served, as the engine
// serves them. Of the containers with room a call gets the one used last, as the
// engine has it, too: so the idle ones form a stack, in which some are needed
// again soon and the others not for long. One that is needed again sooner than
// another could be made is kept. Any other is given up at once, and made again
// just in time: either way it costs the shorter of the two times.
type line struct {
	*foreseen
	*planner
	room *profile // nil: there is room for everything
	// Containers with calls and room, and idle ones; those used last are last.
	open, idle []*planned
	ends       endHeap
	// ready is when the call that is being planned could begin if there were a container.
	ready time.Duration

	steps []step
	// Of the calls that are not refused at once: when they come, and when they
	// begin; of a refused one when the next may.
	comes, starts []time.Duration
	delayed       float64       // what delays cost
	held          time.Duration // by all containers together, within the load
}

// planned is a container of the plan.
type planned struct {
	inFlight int
	until    time.Duration // when the last of its calls so far ends
}

// step is a change of how many containers there shall be.
type step struct {
	at   time.Duration
	more int
}

// option is one way to serve a call.
type option struct {
	at time.Duration
	c  *planned // nil: a new container
	// from and to bound the time for which the container has to be there in
	// addition to that for which it is there already.
	from, to time.Duration
	// idle is what it costs that the container is there before the call begins.
	idle float64
}

// failedSlowdown is the least that a refused call counts in a plan. In the mean
// slowdown those count little that would take long, so that it would pay to
// have them refused: but nobody wants that.
const failedSlowdown = 300

// plan serves all calls.
func (l *line) plan() {
	next := time.Duration(0) // no call overtakes the one before
	for i := range l.calls {
		call := &l.calls[i]
		if n := len(l.starts) - queueLimit; n >= 0 && l.starts[n] > call.arrives {
			l.delayed += l.refusal(call)
			continue
		}
		l.ready = max(call.arrives, next)
		best, ok := l.earliest(call)
		if ok {
			best = l.cheaper(i, best)
			next = best.at
			l.delayed += l.delay(call, best.at)
			l.commit(best, call)
		} else {
			next = max(next, call.arrives+time.Minute+tick)
			l.delayed += l.refusal(call)
		}
		l.comes, l.starts = append(l.comes, call.arrives), append(l.starts, next)
	}
	l.advance(forever)
	l.discard()
	l.steps = compact(l.steps)
}

// cost of the plan: all that depends on it.
func (l *line) cost() float64 {
	return l.delayed + l.memoryCost(l.held)
}

// delay is what it costs to begin the call then.
func (l *line) delay(call *foreseenCall, at time.Duration) float64 {
	return float64(l.price.slowdown * call.slowdown(at-call.arrives))
}

// refusal is what it costs to refuse the call.
func (l *line) refusal(call *foreseenCall) float64 {
	return float64(l.price.slowdown * max(call.slowdown(failedResponse), failedSlowdown))
}

// memoryCost is what it costs to have one container for so long.
func (l *line) memoryCost(held time.Duration) float64 {
	return float64(l.price.byteSecond * float64(l.memory) * held.Seconds())
}

// earliest is how the call begins as soon as it finds a container, and memory
// for it; false: it is refused before.
func (l *line) earliest(call *foreseenCall) (option, bool) {
	for t := l.ready; t < call.arrives+maxWait; {
		l.advance(t)
		o := l.at(call, t)
		if l.ends.len() > 0 && o.at > t && l.ends.next() <= o.at { // sooner than a new container is ready
			t = l.ends.next()
			continue
		}
		full := l.full(&o)
		if full < 0 {
			return o, o.at < call.arrives+maxWait
		}
		t = l.room.begin(full+1) + l.cold
		if l.ends.len() > 0 {
			t = min(t, l.ends.next())
		}
	}
	return option{}, false
}

// at is how the call is served at t, or as soon after as a container can be
// ready. An idle container is there for it only if it need not be kept from it
// before: the engine would give it away at once.
func (l *line) at(call *foreseenCall, t time.Duration) option {
	if n := len(l.open); n > 0 {
		c := l.open[n-1]
		return option{at: t, c: c, from: min(c.until, t+call.takes), to: t + call.takes}
	}
	if n := len(l.idle); n > 0 {
		if c := l.idle[n-1]; t-c.until <= l.cold && (t == l.ready || t == c.until) {
			return option{at: t, c: c, from: c.until, to: t + call.takes, idle: l.memoryCost(t - c.until)}
		}
	}
	from := max(l.known, t-l.cold)
	at := from + l.cold
	return option{at: at, from: from, to: at + call.takes, idle: l.memoryCost(l.cold)}
}

// full is the last slot in which there is no room for the option; -1: there is.
// A call that shares a container asks for none: the engine grants it at once.
func (l *line) full(o *option) int {
	if l.room == nil || o.c != nil && o.c.inFlight > 0 {
		return -1
	}
	first, last := l.slots(o)
	return l.room.full(first, last, l.memory)
}

// slots are those that the option books. In the first one an existing container
// is booked already.
func (l *line) slots(o *option) (first, last int) {
	first, last = l.room.at(o.from), l.room.at(o.to)
	if o.c != nil {
		first++
	}
	return first, last
}

// cheaper is to wait for the container that is free next, where that costs
// much less than the best option, a new one. All that come meanwhile wait, too;
// what the next ones then pay is not known, hence the reluctance.
func (l *line) cheaper(i int, best option) option {
	if l.ends.len() == 0 || best.c != nil || l.reluctance == 0 {
		return best
	}
	end, call := l.ends.next(), &l.calls[i]
	if end >= call.arrives+maxWait {
		return best
	}
	most := (l.delay(call, best.at) + best.idle) / l.reluctance
	cost := l.delay(call, end)
	for j := i + 1; j < len(l.calls) && l.calls[j].arrives < end && cost < most; j++ {
		cost += float64(l.price.slowdown * l.calls[j].slowdown(end-max(l.calls[j].arrives, best.at)))
	}
	c := l.ends.first()
	o := option{at: end, c: c, from: min(c.until, end+call.takes), to: end + call.takes}
	if cost >= most || l.full(&o) >= 0 {
		return best
	}
	l.advance(end)
	return o
}

// commit serves the call so.
func (l *line) commit(o option, call *foreseenCall) {
	if l.room != nil {
		first, last := l.slots(&o)
		if o.c != nil && o.c.inFlight > 0 && l.room.full(first, last, l.memory) >= 0 {
			l.delayed++ // there is no such room: hardly any plan is worse
		}
		l.room.add(first, last, l.memory)
	}
	c := o.c
	switch {
	case c == nil:
		l.discard() // none of these would have been kept so long
		c = &planned{}
		l.step(o.from, 1)
	case c.inFlight == 0:
		l.idle = without(l.idle, c)
	default:
		l.open = without(l.open, c)
	}
	if o.at > l.ready {
		l.discard() // the engine leaves none idle while a call waits
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
			l.open = without(l.open, c)
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
		l.step(c.until, -1)
	}
	l.idle = l.idle[:0]
}

func (l *line) step(at time.Duration, more int) {
	l.steps = append(l.steps, step{at, more})
	l.held += time.Duration(more) * max(0, l.length-at)
}

// without takes out c, which is likely to be near the end.
func without(of []*planned, c *planned) []*planned {
	i := len(of) - 1
	for of[i] != c {
		i--
	}
	return slices.Delete(of, i, i+1)
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

// timetable is the plan for the engine.
func (l *line) timetable() timetable {
	t := timetable{comes: l.comes, starts: l.starts}
	n := 0
	for _, s := range l.steps {
		n += s.more
		t.at, t.want = append(t.at, s.at), append(t.want, n)
	}
	return t
}
