package sim

import (
	"strconv"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// call is one invocation, from its arrival to its end.
type call struct {
	ticket  engine.Ticket // 0: it is over
	slot    uint64
	request engine.RequestID
	work    trace.Call
	arrived time.Duration
	granted time.Duration // -1: it waits
	cold    bool
	on      engine.ContainerID // what was granted
	in      *container         // nil: it does not run
	place   int                // in the container's list
	model   *nodemodel.Call
}

// calls are those that have no outcome yet.
type calls struct {
	slots   []*call // by slot; those that are free, too
	free    []uint64
	arrived int
	total   int // in the whole workload
	open    int
}

// A ticket is the call's number, from 1, and its slot in the low bits: that is
// found without a map. A workload has fewer calls than either part can count.
const slotBits = 32

func (s *calls) add(now time.Duration, c *trace.Call) *call {
	if len(s.free) == 0 {
		s.free = append(s.free, uint64(len(s.slots)))
		s.slots = append(s.slots, new(call))
	}
	slot := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.arrived++
	s.open++
	k := s.slots[slot]
	*k = call{
		ticket:  engine.Ticket(uint64(s.arrived)<<slotBits | slot),
		slot:    slot,
		request: engine.RequestID(strconv.Itoa(s.arrived)),
		work:    *c, arrived: now, granted: -1,
	}
	return k
}

// get is the call with that ticket, which is not over.
func (s *calls) get(t engine.Ticket) *call { return s.slots[uint64(t)&(1<<slotBits-1)] }

// find is the call with that ticket, or nil when it is over.
func (s *calls) find(t engine.Ticket) *call {
	if k := s.get(t); k.ticket == t {
		return k
	}
	return nil
}

func (s *calls) end(k *call) {
	s.free = append(s.free, k.slot)
	s.open--
	k.ticket, k.request, k.on, k.in, k.model = 0, "", "", nil, nil
}

// begin runs a call in the container that it was granted.
func (w *world) begin(k *call, c *container, a *engine.Action) {
	k.granted, k.cold, k.on = w.now, a.Cold, a.Container
	w.meter.now.Waiting--
	if c != nil && c.model != nil {
		k.model = c.node.model.Invoke(w.now, c.model, k.slot, w.work(k, c.node))
	}
	if k.model == nil { // it has died just now, and the engine can't know yet
		w.agenda.add(w.now, callFindsNobody, uint64(k.ticket))
		return
	}
	if len(c.calls) == 0 {
		w.meter.now.Idle--
	}
	w.meter.now.Running++
	k.in, k.place = c, len(c.calls)
	c.calls = append(c.calls, k)
	w.active.touched(c.node)
}

// work is what the call takes on that node. It makes the date for its timeout, if
// that may be what ends it.
func (w *world) work(k *call, n *node) nodemodel.Work {
	work := nodemodel.Work{CPU: n.slowed(k.work.CPU), Sleep: k.work.Sleep, Memory: k.work.Touch}
	if overhead := w.cfg.Platform.Overhead; overhead != nil {
		work.Sleep += overhead(k.work.Function)
	}
	if w.cfg.Platform.Unhindered {
		work.CPU, work.Sleep = 0, work.CPU+work.Sleep
	}
	timeout := w.specs[k.work.Function].Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if work.CPU > 0 || work.Sleep > timeout { // else it takes just as long as it sleeps
		w.agenda.add(w.now+timeout, callTimesOut, uint64(k.ticket))
	}
	return work
}

// defaultTimeout is what the platform allows functions that don't say.
const defaultTimeout = time.Minute

func (w *world) timeOut(k *call) {
	n := k.in.node
	usage, _ := n.model.Usage(w.now, k.in.model)
	n.model.Cancel(w.now, k.model)
	w.active.touched(n)
	w.giveBack(k, engine.Outcome{
		Duration: w.now - k.granted, MaxMemory: engine.Bytes(max(1, usage.Memory)), Error: engine.ErrorTimeout,
	}, timedOut)
}

// giveBack ends a call that was granted and tells the engine.
func (w *world) giveBack(k *call, out engine.Outcome, how ending) {
	ev := engine.Event{Kind: engine.Return, Request: k.request, Container: k.on, Outcome: out}
	w.finish(k, how)
	w.tell(ev)
}

// finish ends a call.
func (w *world) finish(k *call, how ending) {
	if k.granted < 0 {
		w.meter.now.Waiting--
	}
	if c := k.in; c != nil {
		last := len(c.calls) - 1
		c.calls[k.place] = c.calls[last]
		c.calls[k.place].place = k.place
		c.calls[last] = nil
		c.calls = c.calls[:last]
		w.meter.now.Running--
		if c.idle() {
			w.meter.now.Idle++
		}
	}
	if w.follower != nil {
		w.report(k, how)
	} else {
		w.tallies[k.work.Function].count(k, w.now, how)
	}
	w.calls.end(k)
}
