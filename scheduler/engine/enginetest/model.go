// Package enginetest plays the shell and the platform to an engine: a random
// but repeatable world in virtual time, in which nodes and containers take
// their time, fail and die, and callers leave, repeat themselves and forget to
// return. It holds the engine to its contract, from the outside.
package enginetest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Function is one kind of call in the world.
type Function struct {
	Spec engine.FunctionSpec
	// Account is whose function it is.
	Account string
	// Mean is the mean execution time.
	Mean time.Duration
	// Every is the mean time between calls.
	Every time.Duration
	// Burst is how many calls come at once. 0 means 1.
	Burst int
	// Calls is how many such bursts come; 0 means as many as there is time for.
	Calls int
}

// Config says what the world is like. Probabilities are in percent.
type Config struct {
	Seed      uint64
	Functions []Function
	// Length is how long callers keep coming.
	Length time.Duration
	Nodes  int
	Memory engine.Bytes // of a node
	// ColdStart and Reserve are mean times. 0 means 500 ms and 50 ms.
	ColdStart, Reserve time.Duration
	// CreateFails, of these PermanentFails for good; Leaves: a caller cancels;
	// Forgets: it never returns; Repeats: it sends its request twice;
	// Anonymous: it has no request id; Dies: the container is lost with the call.
	CreateFails, PermanentFails, Leaves, Forgets, Repeats, Anonymous, Dies int
	// ResizeFails of the resizes, where the engine asks for any.
	ResizeFails int
	// NodeDies is the mean time between losses of a node; 0 means never.
	NodeDies time.Duration
	// CheckEvery is after how many steps all invariants are checked. 0 means 1.
	CheckEvery int
	// Step, if not nil, is called instead of the engine's.
	Step func(now engine.Instant, ev *engine.Event, out []engine.Action) []engine.Action
	// After, if not nil, sees the engine after every step.
	After func(e *engine.Engine, now engine.Instant, ev *engine.Event, actions []engine.Action) error
}

// Result counts what happened.
type Result struct {
	Calls, Granted, Cold int
	Refused              map[engine.Refusal]int
	Created, Steps       int
	// Waited is the longest time from a call to its answer, WaitedBy of each account.
	Waited   time.Duration
	WaitedBy map[string]time.Duration
}

// Run plays the world to its end and reports the first broken promise. After
// the last call it goes on until nothing moves any more; then there must be no
// lease, no waiting request and no booking that the world does not know of.
func Run(e *engine.Engine, cfg Config) (Result, error) {
	if cfg.ColdStart == 0 {
		cfg.ColdStart = 500 * time.Millisecond
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = 50 * time.Millisecond
	}
	if cfg.Step == nil {
		cfg.Step = e.Step
	}
	w := &world{
		cfg: cfg, e: e, rand: rand.New(rand.NewPCG(cfg.Seed, 1)),
		asked:      make(map[engine.Ticket]engine.Instant),
		forgotten:  make(map[engine.Ticket]*call),
		nodes:      make(map[engine.NodeID]bool),
		containers: make(map[engine.ContainerID]*box),
		result:     Result{Refused: make(map[engine.Refusal]int), WaitedBy: make(map[string]time.Duration)},
	}
	for i := range cfg.Functions {
		w.later(w.about(cfg.Functions[i].Every), func() error { return w.arrive(i, 1) })
	}
	if cfg.NodeDies > 0 {
		w.later(w.about(cfg.NodeDies), w.nodeDies)
	}
	w.later(time.Second, w.statistics)
	err := w.run()
	return w.result, err
}

type world struct {
	cfg    Config
	e      *engine.Engine
	rand   *rand.Rand
	now    engine.Instant
	agenda agenda
	order  int

	tickets    engine.Ticket
	asked      map[engine.Ticket]engine.Instant // unanswered
	forgotten  map[engine.Ticket]*call          // what is to happen when it is granted
	ids        int
	nodes      map[engine.NodeID]bool
	nodeList   []engine.NodeID
	containers map[engine.ContainerID]*box
	boxes      []*box
	result     Result
}

// box is a container as the world knows it.
type box struct {
	id     engine.ContainerID
	name   engine.Name
	node   engine.NodeID
	memory engine.Bytes
	calls  int
}

type call struct {
	function *Function
	request  engine.RequestID
}

func (w *world) run() error {
	end := engine.Instant(0).Add(w.cfg.Length)
	for quiet := end.Add(30 * time.Minute); ; {
		at, woken := w.e.NextWake()
		next := w.agenda.next()
		switch {
		case next != nil && (!woken || next.at <= at):
			heap.Pop(&w.agenda)
			w.now = max(w.now, next.at)
			if err := next.do(); err != nil {
				return err
			}
		case woken && at < quiet:
			w.now = max(w.now, at)
			if err := w.step(&engine.Event{Kind: engine.Wake}); err != nil {
				return err
			}
		default:
			return w.atRest()
		}
		if w.now >= quiet {
			return w.atRest()
		}
	}
}

func (w *world) step(ev *engine.Event) error {
	before := w.result.Steps
	w.result.Steps++
	actions := w.cfg.Step(w.now, ev, nil)
	if before%max(1, w.cfg.CheckEvery) == 0 {
		if err := w.e.Check(); err != nil {
			return fmt.Errorf("after step %d, kind %d at %v: %w", before, ev.Kind, time.Duration(w.now), err)
		}
	}
	if w.cfg.After != nil {
		if err := w.cfg.After(w.e, w.now, ev, actions); err != nil {
			return fmt.Errorf("after step %d, kind %d at %v: %w", before, ev.Kind, time.Duration(w.now), err)
		}
	}
	for i := range actions {
		if err := w.carryOut(actions[i]); err != nil {
			return fmt.Errorf("step %d at %v: %w", before, time.Duration(w.now), err)
		}
	}
	return nil
}

// atRest checks that nothing has leaked.
func (w *world) atRest() error {
	if len(w.asked) > 0 {
		return fmt.Errorf("%d requests were never answered", len(w.asked))
	}
	s := w.e.Status()
	if s.Counters.LeasesActive != 0 {
		return fmt.Errorf("%d leases are left", s.Counters.LeasesActive)
	}
	there := 0
	for _, n := range s.Nodes {
		var booked engine.Bytes
		for _, c := range n.Containers {
			if b := w.containers[c.ID]; b == nil || b.node != n.ID {
				return fmt.Errorf("node %s: there is no container %s, %s", n.ID, c.Name, c.State)
			}
			booked += c.Booked
			there++
		}
		if n.Reserved != booked || n.Reserved > n.Capacity {
			return fmt.Errorf("node %s: %d bytes reserved of %d, %d booked", n.ID, n.Reserved, n.Capacity, booked)
		}
	}
	if there != len(w.boxes) {
		return fmt.Errorf("the engine has %d containers, the world %d", there, len(w.boxes))
	}
	if len(s.Nodes) != len(w.nodes) {
		return fmt.Errorf("the engine has %d nodes, the world %d", len(s.Nodes), len(w.nodes))
	}
	return nil
}

func (w *world) percent(p int) bool { return w.rand.IntN(100) < p }

// about is exponentially distributed.
func (w *world) about(mean time.Duration) time.Duration {
	return time.Duration(w.rand.ExpFloat64() * float64(mean))
}

func (w *world) later(d time.Duration, do func() error) {
	w.order++
	heap.Push(&w.agenda, &appointment{at: w.now.Add(d), order: w.order, do: do})
}

type appointment struct {
	at    engine.Instant
	order int
	do    func() error
}

type agenda []*appointment

func (a agenda) next() *appointment {
	if len(a) == 0 {
		return nil
	}
	return a[0]
}

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a *agenda) Push(x any) { *a = append(*a, x.(*appointment)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
