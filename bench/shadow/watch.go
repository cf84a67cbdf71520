package shadow

import (
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// watch follows the live platform: it makes a queue of moments out of events and
// actions, each of which is complete once all is known that it needs.
type watch struct {
	cfg       Config
	functions []*functionInfo
	byName    map[string]*functionInfo
	calls     map[engine.Ticket]*call // without an outcome
	leases    map[lease][]*call
	platform  holdings
	reserving recent // what reservations took
	created   recent // what creations took, of all functions
	queue     queue
	dropped   int
}

// lease is what a return names. Requests without an id may share one.
type lease struct {
	request   engine.RequestID
	container engine.ContainerID
}

// call is one from its arrival until it is fed to the simulations.
type call struct {
	ticket   engine.Ticket
	function *functionInfo
	request  engine.RequestID
	arrived  engine.Instant
	granted  engine.Instant // -1: it waits
	on       engine.ContainerID
	memory   engine.Bytes // of its container
	cold     bool
	// sharing is how many calls were in its container, on average over its begin and end.
	sharing float64
	work    trace.Call
	state   knowledge
}

// knowledge is what is known of a call.
type knowledge uint8

const (
	open    knowledge = iota
	known             // its work is
	unknown           // and nothing will ever be
)

// moment is something that counts from then on.
type moment struct {
	at engine.Instant
	// came is a call's arrival. The queue waits for it to be known.
	came *call
	// ended is a call's end, with what it counts.
	ended  *call
	failed bool
	nodes  int          // more or less
	memory engine.Bytes // more or less
}

func newWatch(cfg Config) *watch {
	return &watch{
		cfg: cfg, byName: map[string]*functionInfo{}, calls: map[engine.Ticket]*call{}, leases: map[lease][]*call{},
		platform: newHoldings(),
	}
}

// see takes one step of the live engine.
func (w *watch) see(now engine.Instant, ev *engine.Event, actions []engine.Action) {
	switch ev.Kind {
	case engine.Acquire:
		w.arrived(now, ev)
	case engine.Return:
		w.returned(now, ev)
	default:
		w.platformChanged(now, ev)
	}
	for i := range actions {
		w.acted(now, &actions[i])
	}
}

func (w *watch) arrived(now engine.Instant, ev *engine.Event) {
	c := &call{
		ticket: ev.Ticket, function: w.function(ev), request: ev.Request, arrived: now, granted: -1, sharing: 1,
	}
	w.calls[c.ticket] = c
	w.queue.push(moment{at: now, came: c})
}

// function is what is known of the event's function, which may be new.
func (w *watch) function(ev *engine.Event) *functionInfo {
	f := w.byName[ev.Function.Name]
	if f == nil {
		f = &functionInfo{index: len(w.functions), account: ev.Account}
		w.functions = append(w.functions, f)
		w.byName[ev.Function.Name] = f
		f.spec = ev.Function
	}
	return f
}

func (w *watch) acted(now engine.Instant, a *engine.Action) {
	switch a.Kind {
	case engine.Grant:
		w.granted(now, a)
	case engine.Refuse:
		w.refused(now, a)
	case engine.ReserveNode:
		w.platform.reserving[a.Reservation] = now
	case engine.CreateContainer:
		w.platform.create(now, a)
		w.queue.push(moment{at: now, memory: a.Memory})
	case engine.RemoveContainer:
		w.platform.removing(a)
	case engine.ResizeContainer:
		w.platform.resize(a)
	}
}

func (w *watch) granted(now engine.Instant, a *engine.Action) {
	c := w.calls[a.Ticket]
	if c == nil {
		return // it was dropped
	}
	c.granted, c.on, c.cold, c.memory = now, a.Container, a.Cold, c.function.spec.Memory
	if on := w.platform.byID[a.Container]; on != nil {
		on.inFlight++
		c.memory, c.sharing = on.memory, float64(on.inFlight)
	}
	key := lease{c.request, c.on}
	w.leases[key] = append(w.leases[key], c)
}

// refused counts a call that got nothing. It is played as the function's latest one.
func (w *watch) refused(now engine.Instant, a *engine.Action) {
	c := w.calls[a.Ticket]
	if c == nil {
		return
	}
	if a.Refusal == engine.Canceled || !c.function.ran {
		w.giveUp(c)
		return
	}
	c.work = c.function.last
	w.settle(now, c, true)
}

func (w *watch) returned(now engine.Instant, ev *engine.Event) {
	key := lease{ev.Request, ev.Container}
	of := w.leases[key]
	if len(of) == 0 {
		return
	}
	c, out := of[0], ev.Outcome
	if out.Error == errorCanceled {
		w.giveUp(c) // what it would have taken, nobody has seen
		return
	}
	if on := w.platform.byID[c.on]; on != nil {
		c.sharing = max(1, (c.sharing+float64(on.inFlight))/2)
	}
	c.work = c.function.work(c, now.Sub(c.granted), out)
	failed := out.Lost || out.Error != "" && out.Error != errorFunction
	if !failed {
		c.function.last, c.function.ran = c.work, true
	}
	w.settle(now, c, failed)
}

// overdue reports whether an open call that the queue waits for has to be closed. One that was
// never returned held its container until its lease was over.
func (w *watch) overdue(c *call, now engine.Instant) bool {
	lease := w.cfg.longestLease(c.function.spec.Timeout)
	switch {
	case w.queue.len() > mostWaiting:
		w.giveUp(c)
	case c.granted >= 0 && now.Sub(c.granted) > lease:
		c.work = c.function.work(c, lease, engine.Outcome{MaxMemory: engine.Bytes(c.function.resident)})
		w.settle(now, c, true)
	case c.granted < 0 && now.Sub(c.arrived) > w.cfg.longestWait()+lease:
		w.giveUp(c) // its answer was missed
	default:
		return false
	}
	return true
}

// Error codes of ReturnContainer that are no failure of the platform.
const (
	errorCanceled = "Canceled"
	errorFunction = "FunctionError"
)

// settle closes a call of which the work is known.
func (w *watch) settle(now engine.Instant, c *call, failed bool) {
	w.forget(c)
	c.state = known
	w.queue.push(moment{at: now, ended: c, failed: failed})
}

// giveUp closes a call of which nothing will be known.
func (w *watch) giveUp(c *call) {
	w.forget(c)
	c.state = unknown
	w.dropped++
}

func (w *watch) forget(c *call) {
	delete(w.calls, c.ticket)
	if c.granted < 0 {
		return
	}
	if on := w.platform.byID[c.on]; on != nil {
		on.inFlight--
	}
	key := lease{c.request, c.on}
	w.leases[key] = slices.DeleteFunc(w.leases[key], func(other *call) bool { return other == c })
	if len(w.leases[key]) == 0 {
		delete(w.leases, key)
	}
}

// creation is what a creation of the function takes, of which so many came before.
func (w *watch) creation(function, turn int) time.Duration {
	if of := &w.functions[function].creating; of.count > 0 {
		return of.at(turn)
	}
	return w.created.at(turn)
}
