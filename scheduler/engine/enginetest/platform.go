package enginetest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// arrive is the nth burst of calls of function i, and makes the date for the next one.
func (w *world) arrive(i, n int) error {
	f := &w.cfg.Functions[i]
	if w.now.Add(f.Every) < engine.Instant(0).Add(w.cfg.Length) && n != f.Calls {
		w.later(w.about(f.Every), func() error { return w.arrive(i, n+1) })
	}
	for range max(1, f.Burst) {
		if err := w.call(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) call(f *Function) error {
	c := &call{function: f}
	if !w.percent(w.cfg.Anonymous) {
		w.ids++
		c.request = engine.RequestID("r" + strconv.Itoa(w.ids))
	}
	if err := w.ask(c); err != nil {
		return err
	}
	if w.percent(w.cfg.Repeats) {
		return w.ask(c)
	}
	return nil
}

func (w *world) ask(c *call) error {
	w.tickets++
	t := w.tickets
	w.asked[t] = w.now
	w.forgotten[t] = c
	w.result.Calls++
	if w.percent(w.cfg.Leaves) {
		w.later(w.about(time.Second), func() error {
			if _, waits := w.asked[t]; waits {
				return w.step(&engine.Event{Kind: engine.Cancel, Ticket: t})
			}
			return nil
		})
	}
	return w.step(&engine.Event{Kind: engine.Acquire, Ticket: t, Request: c.request, Account: c.function.Account, Function: c.function.Spec})
}

func (w *world) carryOut(a engine.Action) error {
	switch a.Kind {
	case engine.Grant, engine.Refuse:
		return w.answer(a)
	case engine.ReserveNode:
		w.later(w.about(w.cfg.Reserve), func() error { return w.reserve(a.Reservation) })
	case engine.ReleaseNode:
		w.later(w.about(w.cfg.Reserve), func() error { return w.release(a.Node) })
	case engine.CreateContainer:
		w.later(w.about(w.cfg.ColdStart), func() error { return w.create(a) })
	case engine.RemoveContainer:
		w.later(w.about(10*time.Millisecond), func() error {
			w.discard(a.Container)
			if a.Name == "" {
				return nil
			}
			return w.step(&engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})
		})
	case engine.ResizeContainer:
		w.later(w.about(10*time.Millisecond), func() error { return w.resize(a) })
	default:
		return fmt.Errorf("unknown action %d", a.Kind)
	}
	return nil
}

func (w *world) resize(a engine.Action) error {
	b := w.containers[a.Container]
	if b == nil || w.percent(w.cfg.ResizeFails) {
		return w.step(&engine.Event{Kind: engine.ResizeFailed, Name: a.Name})
	}
	if a.Memory <= b.memory {
		return fmt.Errorf("container %s is resized from %d bytes to %d", b.id, b.memory, a.Memory)
	}
	b.memory = a.Memory
	return w.step(&engine.Event{Kind: engine.ContainerResized, Name: a.Name})
}

func (w *world) answer(a engine.Action) error {
	since, ok := w.asked[a.Ticket]
	if !ok {
		return fmt.Errorf("ticket %d is answered twice", a.Ticket)
	}
	c := w.forgotten[a.Ticket]
	delete(w.asked, a.Ticket)
	delete(w.forgotten, a.Ticket)
	account, waited := c.function.Account, w.now.Sub(since)
	w.result.Waited = max(w.result.Waited, waited)
	w.result.WaitedBy[account] = max(w.result.WaitedBy[account], waited)
	if a.Kind == engine.Refuse {
		if a.Message == "" {
			return fmt.Errorf("ticket %d is refused without a word", a.Ticket)
		}
		w.result.Refused[a.Refusal]++
		return nil
	}
	w.result.Granted++
	if a.Cold {
		w.result.Cold++
	}
	b := w.containers[a.Container]
	if b == nil { // it has died, and the engine can't know yet
		return w.step(&engine.Event{
			Kind: engine.Return, Request: a.Request, Container: a.Container,
			Outcome: engine.Outcome{MaxMemory: 1, Error: "ContainerLost", Lost: true},
		})
	}
	if b.node != a.Node {
		return fmt.Errorf("container %s is granted on node %s, not %s", a.Container, a.Node, b.node)
	}
	b.calls++
	took := w.about(c.function.Mean)
	if w.percent(w.cfg.Forgets) {
		w.later(took, func() error { b.calls--; return nil })
		return nil
	}
	w.later(took, func() error { return w.finish(a, b, took) })
	return nil
}

func (w *world) finish(a engine.Action, b *box, took time.Duration) error {
	b.calls--
	out := engine.Outcome{Duration: took, MaxMemory: b.memory / 16}
	switch {
	case w.containers[b.id] == nil:
		out = engine.Outcome{MaxMemory: 1, Error: "ContainerLost", Lost: true}
	case w.percent(w.cfg.Dies):
		w.discard(b.id)
		out.Error = engine.ErrorOutOfMemory
		if out.Lost = w.percent(50); !out.Lost {
			if err := w.step(&engine.Event{Kind: engine.ContainerLost, Container: b.id}); err != nil {
				return err
			}
		}
	}
	return w.step(&engine.Event{Kind: engine.Return, Request: a.Request, Container: a.Container, Outcome: out})
}

func (w *world) reserve(reservation uint64) error {
	if len(w.nodes) >= w.cfg.Nodes {
		return w.step(&engine.Event{
			Kind: engine.NodeFailed, Reservation: reservation, Exhausted: true, Message: "no available node can be reserved",
		})
	}
	w.ids++
	id := engine.NodeID("n" + strconv.Itoa(w.ids))
	w.nodes[id] = true
	w.nodeList = append(w.nodeList, id)
	return w.step(&engine.Event{Kind: engine.NodeReady, Reservation: reservation, Node: id, Capacity: w.cfg.Memory})
}

func (w *world) release(id engine.NodeID) error {
	if !w.nodes[id] {
		return nil // it has been lost, and the engine told
	}
	for _, b := range w.boxes {
		if b.node == id {
			return fmt.Errorf("node %s is released with container %s on it", id, b.id)
		}
	}
	w.forget(id)
	if err := w.step(&engine.Event{Kind: engine.NodeReleased, Node: id}); err != nil {
		return err
	}
	return w.step(&engine.Event{Kind: engine.NodeAvailable})
}

func (w *world) nodeDies() error {
	if w.now < engine.Instant(0).Add(w.cfg.Length) {
		w.later(w.about(w.cfg.NodeDies), w.nodeDies)
	}
	if len(w.nodeList) == 0 {
		return nil
	}
	id := w.nodeList[w.rand.IntN(len(w.nodeList))]
	w.forget(id)
	return w.step(&engine.Event{Kind: engine.NodeLost, Node: id})
}

func (w *world) forget(id engine.NodeID) {
	delete(w.nodes, id)
	w.nodeList = slices.DeleteFunc(w.nodeList, func(n engine.NodeID) bool { return n == id })
	for _, b := range slices.Clone(w.boxes) {
		if b.node == id {
			w.discard(b.id)
		}
	}
}

func (w *world) create(a engine.Action) error {
	if !w.nodes[a.Node] {
		return w.step(&engine.Event{Kind: engine.ContainerFailed, Name: a.Name, Message: "node lost"})
	}
	if w.percent(w.cfg.CreateFails) {
		return w.step(&engine.Event{
			Kind: engine.ContainerFailed, Name: a.Name, Permanent: w.percent(w.cfg.PermanentFails), Message: "the sandbox could not be made",
		})
	}
	w.ids++
	w.result.Created++
	b := &box{id: engine.ContainerID("c" + strconv.Itoa(w.ids)), name: a.Name, node: a.Node, memory: a.Memory}
	w.containers[b.id] = b
	w.boxes = append(w.boxes, b)
	return w.step(&engine.Event{Kind: engine.ContainerReady, Name: a.Name, Container: b.id})
}

func (w *world) discard(id engine.ContainerID) {
	delete(w.containers, id)
	w.boxes = slices.DeleteFunc(w.boxes, func(b *box) bool { return b.id == id })
}

// statistics of every node, each second, a while after the last call too.
func (w *world) statistics() error {
	if w.now < engine.Instant(0).Add(w.cfg.Length+10*time.Minute) {
		w.later(time.Second, w.statistics)
	}
	for _, id := range slices.Clone(w.nodeList) {
		ev := &engine.Event{Kind: engine.Stats, Node: id, Since: w.now}
		for _, b := range w.boxes {
			if b.node == id {
				ev.Containers = append(ev.Containers, engine.ContainerStat{Container: b.id, Name: b.name, InFlight: b.calls})
			}
		}
		if err := w.step(ev); err != nil {
			return err
		}
	}
	return nil
}
