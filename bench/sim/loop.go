package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// forever is later than anything happens.
	forever time.Duration = 1<<63 - 1
	// lookEvery is how many arrivals pass between two looks at the context.
	lookEvery = 1 << 12
)

// play brings the calls in one after the other, and what happens between them.
// After the last one it goes on until all have an outcome. That is bounded: a call
// waits for the engine's MaxWait at most, and then runs for its timeout at most.
func (w *world) play(ctx context.Context) error {
	w.ctx = ctx
	w.announce()
	for c := range w.cfg.Workload.Calls() {
		if w.calls.arrived%lookEvery == 0 && w.look(ctx) {
			return nil
		}
		if !w.pass(c.Offset) || w.meter.partial {
			return w.err
		}
		w.arrive(&c)
	}
	if w.look(ctx) {
		return nil
	}
	w.pass(max(w.now, w.cfg.Workload.Length))
	if w.meter.partial {
		return w.err
	}
	for w.calls.open > 0 && w.happen(forever) {
		if ctx.Err() != nil {
			w.meter.partial = true
			return nil
		}
	}
	if w.err == nil && w.calls.open > 0 {
		return fmt.Errorf("%d calls have no outcome, and nothing is left to happen", w.calls.open)
	}
	return w.err
}

// look tells how far the load is and reports whether it is to be interrupted.
func (w *world) look(ctx context.Context) bool {
	if w.cfg.Progress != nil {
		w.cfg.Progress(w.calls.arrived, w.calls.total)
	}
	w.meter.partial = ctx.Err() != nil
	return w.meter.partial
}

// pass lets everything happen up to an instant, that included; false: it can't go on.
func (w *world) pass(until time.Duration) bool {
	for w.happen(until) {
	}
	w.moveTo(until)
	return w.err == nil
}

// source is where the next thing happens.
type source uint8

const (
	nowhere source = iota
	timers
	appointments
	nodes
)

// happen lets the next thing happen if it is due by until; false: there is none.
func (w *world) happen(until time.Duration) bool {
	if w.happened++; w.happened%lookEvery == 0 && w.ctx != nil && w.ctx.Err() != nil {
		w.meter.partial = true
		return false
	}
	if w.err != nil {
		return false
	}
	at, where := until, nowhere
	if wake, ok := w.engine.NextWake(); ok && time.Duration(wake) <= at {
		at, where = time.Duration(wake), timers
	}
	if t, ok := w.agenda.next(); ok && t <= at {
		at, where = t, appointments
	}
	if t, ok := w.active.next(); ok && t <= at {
		at, where = t, nodes
	}
	if where == nowhere {
		return false
	}
	w.moveTo(at)
	switch where {
	case nodes:
		w.advance(w.active.first())
	case appointments:
		w.keep(w.agenda.pop())
	default:
		w.tell(engine.Event{Kind: engine.Wake})
	}
	return true
}

// moveTo lets time pass in which nothing happens. A time that is over counts as now.
func (w *world) moveTo(t time.Duration) {
	if t > w.now {
		w.meter.pass(t)
		w.now = t
	}
}

func (w *world) arrive(c *trace.Call) {
	k := w.calls.add(w.now, c)
	w.meter.now.Waiting++
	w.meter.busy += busy(w.cfg.Workload, c)
	w.event = engine.Event{
		Kind: engine.Acquire, Ticket: k.ticket, Request: k.request,
		Account: w.cfg.Workload.Functions[c.Function].Account, Function: w.specs[c.Function],
	}
	w.step()
}

// tell is step with that event.
func (w *world) tell(ev engine.Event) {
	w.event = ev
	w.step()
}

// step tells the engine what happened, w.event, and sets off what it decides.
func (w *world) step() {
	w.meter.steps++
	w.actions = w.engine.Step(engine.Instant(w.now), &w.event, w.actions[:0])
	w.meter.books(w.engine.Booked(), w.now)
	if w.cfg.Observe != nil {
		w.cfg.Observe(engine.Instant(w.now), &w.event, w.actions)
	}
	if w.check != nil && w.err == nil {
		w.err = w.check(w.engine)
	}
	for i := range w.actions {
		w.carryOut(&w.actions[i])
	}
}
