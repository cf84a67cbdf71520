package policy

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// stand lets an engine serve calls on nodes that do as they are told: nothing
// fails, and everything takes the time that is written here.
type stand struct {
	t testing.TB
	e *engine.Engine
	p *Adaptive // its policy
	// node is the memory of a node, spare how many can still be reserved.
	node  engine.Bytes
	spare int
	cold  time.Duration

	now     engine.Instant
	agenda  []job
	asked   map[engine.Ticket]*ask
	limits  map[engine.ContainerID]engine.Bytes
	made    map[string][]engine.Bytes // limits of the containers made, by function
	removed int
	colds   map[string]int
	// waited is the sum over all calls answered, by function.
	waited map[string]time.Duration
}

type job struct {
	at engine.Instant
	do func()
}

type ask struct {
	name string
	at   engine.Instant
	run  execution
}

// execution is how a call ends in a container with that limit.
type execution func(limit engine.Bytes) engine.Outcome

func newStand(t testing.TB, cfg AdaptiveConfig, nodes int) *stand {
	t.Helper()
	p := newAdaptive(t, cfg)
	e, err := engine.New(engine.Config{}, p)
	if err != nil {
		t.Fatal(err)
	}
	return &stand{
		t: t, e: e, p: p, node: 3072 * megabyte, spare: nodes, cold: 500 * time.Millisecond,
		asked: make(map[engine.Ticket]*ask), limits: make(map[engine.ContainerID]engine.Bytes),
		made: make(map[string][]engine.Bytes), colds: make(map[string]int), waited: make(map[string]time.Duration),
	}
}

// sleeps takes that long, nearly no CPU and so much memory.
func sleeps(took time.Duration, memory engine.Bytes) execution {
	return func(engine.Bytes) engine.Outcome {
		return engine.Outcome{Duration: took, CPU: time.Microsecond, MaxMemory: memory}
	}
}

// computes takes so much CPU, at the quota that goes with the container's limit.
func computes(cpu time.Duration) execution {
	return func(limit engine.Bytes) engine.Outcome {
		return engine.Outcome{Duration: seconds(cpu.Seconds() / min(1, quotaOf(limit))), CPU: cpu, MaxMemory: 10 * megabyte}
	}
}

func (s *stand) later(at engine.Instant, do func()) {
	i, _ := slices.BinarySearchFunc(s.agenda, at, func(j job, at engine.Instant) int {
		return cmp.Or(cmp.Compare(j.at, at), -1) // behind those of the same time
	})
	s.agenda = slices.Insert(s.agenda, i, job{at, do})
}

// call has the function called then.
func (s *stand) call(when time.Duration, name string, memory engine.Bytes, run execution) {
	s.later(at(when), func() {
		ticket := engine.Ticket(len(s.asked) + 1)
		s.asked[ticket] = &ask{name, s.now, run}
		s.step(&engine.Event{
			Kind: engine.Acquire, Ticket: ticket, Request: engine.RequestID(fmt.Sprint(ticket)), Function: engine.FunctionSpec{Name: name, Memory: memory},
		})
	})
}

// run plays up to that time.
func (s *stand) run(until time.Duration) {
	for {
		wake, ok := s.e.NextWake()
		switch {
		case len(s.agenda) > 0 && s.agenda[0].at <= at(until) && (!ok || s.agenda[0].at <= wake):
			next := s.agenda[0]
			s.agenda = s.agenda[1:]
			s.now = max(s.now, next.at)
			next.do()
		case ok && wake <= at(until):
			s.now = max(s.now, wake)
			s.step(&engine.Event{Kind: engine.Wake})
		default:
			s.now = at(until)
			return
		}
	}
}

func (s *stand) step(ev *engine.Event) {
	s.t.Helper()
	actions := s.e.Step(s.now, ev, nil)
	if err := s.e.Check(); err != nil {
		s.t.Fatalf("at %v: %v", time.Duration(s.now), err)
	}
	for i := range actions {
		s.carryOut(actions[i])
	}
}

func (s *stand) carryOut(a engine.Action) {
	after := func(d time.Duration, ev *engine.Event) { s.later(s.now.Add(d), func() { s.step(ev) }) }
	switch a.Kind {
	case engine.Grant:
		s.granted(a)
	case engine.ReserveNode:
		if s.spare == 0 {
			after(0, &engine.Event{Kind: engine.NodeFailed, Reservation: a.Reservation, Exhausted: true})
			return
		}
		s.spare--
		after(100*time.Millisecond, &engine.Event{
			Kind: engine.NodeReady, Reservation: a.Reservation, Node: engine.NodeID(fmt.Sprint("n", a.Reservation)), Capacity: s.node,
		})
	case engine.ReleaseNode:
		s.spare++
		after(0, &engine.Event{Kind: engine.NodeReleased, Node: a.Node})
	case engine.CreateContainer:
		s.limits[engine.ContainerID(a.Name)] = a.Memory
		s.made[a.Function.Name] = append(s.made[a.Function.Name], a.Memory)
		after(s.cold, &engine.Event{Kind: engine.ContainerReady, Name: a.Name, Container: engine.ContainerID(a.Name)})
	case engine.RemoveContainer:
		s.removed++
		after(0, &engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})
	case engine.Refuse:
		s.t.Errorf("at %v: %s refused: %s", time.Duration(s.now), s.asked[a.Ticket].name, a.Message)
	}
}

func (s *stand) granted(a engine.Action) {
	c := s.asked[a.Ticket]
	if a.Cold {
		s.colds[c.name]++
	}
	s.waited[c.name] += s.now.Sub(c.at)
	outcome := c.run(s.limits[a.Container])
	s.later(s.now.Add(outcome.Duration), func() {
		s.step(&engine.Event{Kind: engine.Return, Container: a.Container, Request: engine.RequestID(fmt.Sprint(a.Ticket)), Outcome: outcome})
	})
}

// containers lists those of the function that are in service.
func (s *stand) containers(name string) []engine.ContainerStatus {
	var list []engine.ContainerStatus
	for _, n := range s.e.Status().Nodes {
		for _, c := range n.Containers {
			if c.Function == name && (c.State == "ready" || c.State == "busy") {
				list = append(list, c)
			}
		}
	}
	return list
}

// nodes lists the ids of those in service.
func (s *stand) nodes() []engine.NodeID {
	var list []engine.NodeID
	for _, n := range s.e.Status().Nodes {
		if n.State == "ready" {
			list = append(list, n.ID)
		}
	}
	return list
}
