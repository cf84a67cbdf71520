package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// FuzzStep reads its input as a script of events, five bytes each, most of
// which make sense, and checks every invariant after every step.
func FuzzStep(f *testing.F) {
	f.Add([]byte("\x00"))
	for i := range policy.Names {
		script := []byte{byte(i)}
		for i := range byte(120) {
			script = append(script, i%17, i*7, i*13, i%5, i)
		}
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) == 0 {
			return
		}
		name := policy.Names[int(script[0])%len(policy.Names)]
		p, err := policy.New(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg := engine.Config{QueueLimit: 20, MaxWait: 5 * time.Second, Resize: true}
		e, err := engine.New(cfg, p)
		if err != nil {
			t.Fatal(err)
		}
		z := &fuzzer{asked: make(map[engine.Ticket]bool)}
		for script = script[1:]; len(script) >= 5 && z.steps < 1000; script = script[5:] {
			z.now = z.now.Add(delay(script[4]))
			z.step(t, e, z.event([4]byte(script[:4])))
		}
		snapshot, err := e.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		p, _ = policy.New(name)
		twin, err := engine.Restore(cfg, p, snapshot)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 { // nobody answers any more: every request must end
			at, ok := e.NextWake()
			if !ok {
				break
			}
			z.now = max(z.now, at)
			z.step(t, e, &engine.Event{Kind: engine.Wake})
			if twin.Step(z.now, &engine.Event{Kind: engine.Wake}, nil); twin.Hash() != e.Hash() {
				t.Fatal("the restored engine acts differently")
			}
		}
	})
}

// fuzzer makes events from bytes, with a memory of what the engine asked for.
type fuzzer struct {
	now          engine.Instant
	steps        int
	tickets      engine.Ticket
	asked        map[engine.Ticket]bool
	grants       []engine.Action
	creations    []engine.Name
	removals     []engine.Name
	resizes      []engine.Name
	reservations []uint64
	containers   []engine.ContainerID
}

func (z *fuzzer) step(t *testing.T, e *engine.Engine, ev *engine.Event) {
	z.steps++
	if ev.Kind == engine.Acquire {
		z.asked[ev.Ticket] = true
	}
	actions := e.Step(z.now, ev, nil)
	if err := e.Check(); err != nil {
		t.Fatalf("step %d, %+v: %v", z.steps, *ev, err)
	}
	if ev.Kind != engine.NodeLost && e.Visited() > 64 {
		t.Fatalf("step %d, %+v: %d objects visited for %d actions", z.steps, *ev, e.Visited(), len(actions))
	}
	for _, a := range actions {
		switch a.Kind {
		case engine.Grant, engine.Refuse:
			if !z.asked[a.Ticket] {
				t.Fatalf("step %d: ticket %d is answered twice", z.steps, a.Ticket)
			}
			delete(z.asked, a.Ticket)
			if a.Kind == engine.Grant {
				z.grants = append(z.grants, a)
			}
		case engine.CreateContainer:
			z.creations = append(z.creations, a.Name)
		case engine.RemoveContainer:
			z.removals = append(z.removals, a.Name)
		case engine.ResizeContainer:
			z.resizes = append(z.resizes, a.Name)
		case engine.ReserveNode:
			z.reservations = append(z.reservations, a.Reservation)
		}
	}
}

// delay is mostly nothing, and sometimes long, or backwards.
func delay(b byte) time.Duration {
	if b&3 != 0 {
		return 0
	}
	return (time.Duration(b>>2) - 2) * 100 * time.Millisecond << (b >> 5)
}

func recent[T any](of []T, b byte) (v T) {
	if len(of) == 0 {
		return v
	}
	return of[max(0, len(of)-1-int(b%16))]
}

func (z *fuzzer) event(b [4]byte) *engine.Event {
	node := engine.NodeID(fmt.Sprint("n", b[1]%6))
	container := recent(z.containers, b[1])
	spec := engine.FunctionSpec{
		Name: fmt.Sprint("f", b[1]%5), Memory: engine.Bytes(b[2]%8) << 27, Concurrency: int(b[1] % 3), Timeout: time.Duration(b[2]>>6) * time.Second,
	}
	request := engine.RequestID("")
	if b[3]&3 > 0 {
		request = engine.RequestID(fmt.Sprint("r", b[3]>>2))
	}
	switch kind := engine.EventKind(b[0]%22 + 1); kind {
	case engine.Acquire, engine.Wake + 1, engine.Wake + 2, engine.Wake + 3:
		z.tickets++
		ev := &engine.Event{Kind: engine.Acquire, Ticket: z.tickets, Request: request, Account: fmt.Sprint("t", b[1]%5/2), Function: spec}
		if b[2]&32 > 0 {
			ev.Deadline = z.now.Add(time.Second)
		}
		return ev
	case engine.Cancel:
		return &engine.Event{Kind: kind, Ticket: z.tickets - engine.Ticket(b[1]%8)}
	case engine.Return:
		out := engine.Outcome{Duration: time.Duration(b[2]) * time.Millisecond, MaxMemory: engine.Bytes(b[2]) << 20, Lost: b[2]%7 == 0}
		switch {
		case b[2]%5 == 0:
			out.Error = engine.ErrorTimeout
		case b[2]%3 == 0:
			out.Error = engine.ErrorOutOfMemory
		}
		if g := recent(z.grants, b[1]); b[3]&1 == 0 {
			return &engine.Event{Kind: kind, Request: g.Request, Container: g.Container, Outcome: out}
		}
		return &engine.Event{Kind: kind, Request: request, Container: container, Outcome: out}
	case engine.NodeReady:
		ev := &engine.Event{Kind: kind, Node: node, Capacity: engine.Bytes(b[2]%16) << 28}
		if b[3]&1 > 0 {
			ev.Reservation = recent(z.reservations, b[3])
		}
		return ev
	case engine.NodeFailed:
		return &engine.Event{Kind: kind, Reservation: recent(z.reservations, b[1]), Exhausted: b[2]&1 > 0}
	case engine.ContainerReady, engine.Wake + 4, engine.Wake + 5:
		id := engine.ContainerID(fmt.Sprint("c", b[2]))
		z.containers = append(z.containers, id)
		return &engine.Event{Kind: engine.ContainerReady, Name: recent(z.creations, b[1]), Container: id, Node: node, Sandbox: spec.Name[:1], Prepared: b[3]&1 > 0}
	case engine.Wake + 6:
		return &engine.Event{Kind: engine.ContainerResized, Name: recent(z.resizes, b[1])}
	case engine.Wake + 7:
		return &engine.Event{Kind: engine.ResizeFailed, Name: recent(z.resizes, b[1]), Permanent: b[2]&7 == 7}
	case engine.ContainerFailed:
		return &engine.Event{Kind: kind, Name: recent(z.creations, b[1]), Permanent: b[2]&1 > 0}
	case engine.ContainerAdopted:
		id := engine.ContainerID(fmt.Sprint("a", b[2]))
		z.containers = append(z.containers, id)
		if b[3]&7 == 7 {
			spec.Name = ""
		}
		return &engine.Event{Kind: kind, Node: node, Container: id, Function: spec, InFlight: int(b[3] & 1)}
	case engine.ContainerRemoved:
		return &engine.Event{Kind: kind, Name: recent(z.removals, b[1])}
	case engine.Stats:
		ev := &engine.Event{Kind: kind, Node: node, Since: z.now - engine.Instant(b[2])}
		for i := range b[3] % 8 {
			s := engine.ContainerStat{Container: recent(z.containers, i), InFlight: int(b[3] >> 6)}
			if b[2]&1 > 0 {
				s.Name = recent(z.creations, i)
			}
			ev.Containers = append(ev.Containers, s)
		}
		ev.Sandboxes = []engine.SandboxStat{{Kind: "f", Ready: int(b[3]%4) - 1}, {Kind: "e", Ready: 1}}
		return ev
	default: // NodeLost, NodeReleased, NodeAvailable, ContainerLost, Wake
		return &engine.Event{Kind: kind, Node: node, Container: container}
	}
}
