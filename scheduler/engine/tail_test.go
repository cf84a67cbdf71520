package engine_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// A Step takes long when it has much to look at. With 100,000 containers of
// 10,000 functions on 5,000 nodes, calls come and go at random, some of them more
// than a function has containers, so that containers are made and expire.
func BenchmarkStepTail(b *testing.B) {
	for _, policy := range []string{"adaptive", "baseline"} {
		b.Run(policy, func(b *testing.B) {
			e, pairs := warm(b, policy, 100_000, engine.Config{})
			w := &busy{e: e, pairs: pairs, rand: rand.New(rand.NewPCG(1, 1))}
			var took []time.Duration
			visited := 0
			for b.Loop() {
				ev := w.next()
				begun := time.Now()
				w.out = e.Step(w.now, &ev, w.out[:0])
				took = append(took, time.Since(begun))
				visited = max(visited, e.Visited())
				w.follow()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*9999/10_000].Nanoseconds()), "p99.99-ns")
			b.ReportMetric(float64(visited), "visited-max")
		})
	}
}

// busy makes events, and remembers what is to be returned and reported.
type busy struct {
	e       *engine.Engine
	pairs   []pair
	rand    *rand.Rand
	now     engine.Instant
	ticket  engine.Ticket
	out     []engine.Action
	pending []engine.Event
}

func (w *busy) next() engine.Event {
	w.now = w.now.Add(20 * time.Microsecond)
	if at, ok := w.e.NextWake(); ok && at <= w.now {
		return engine.Event{Kind: engine.Wake}
	}
	if n := len(w.pending); n > 50_000 || n > 0 && w.rand.IntN(2) == 0 {
		i := w.rand.IntN(n)
		ev := w.pending[i]
		w.pending[i] = w.pending[n-1]
		w.pending = w.pending[:n-1]
		return ev
	}
	w.ticket++
	ev := w.pairs[w.rand.IntN(len(w.pairs))].acquire
	ev.Ticket, ev.Request = w.ticket, ""
	return ev
}

func (w *busy) follow() {
	for i := range w.out {
		a := &w.out[i]
		switch a.Kind {
		case engine.Grant:
			w.pending = append(w.pending, engine.Event{
				Kind: engine.Return, Container: a.Container, Outcome: engine.Outcome{Duration: 10 * time.Millisecond, MaxMemory: 10 * mib},
			})
		case engine.CreateContainer:
			w.pending = append(w.pending, engine.Event{Kind: engine.ContainerReady, Name: a.Name, Container: engine.ContainerID("made-" + a.Name)})
		case engine.RemoveContainer:
			w.pending = append(w.pending, engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})
		case engine.ReserveNode:
			w.pending = append(w.pending, engine.Event{Kind: engine.NodeFailed, Reservation: a.Reservation, Exhausted: true})
		}
	}
}
