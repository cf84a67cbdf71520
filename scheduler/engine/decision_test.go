package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// reasoning always gives the same reasons.
type reasoning struct{ engine.Policy }

var reasons = engine.Reason{Wait: 2 * time.Second, ColdStart: time.Second}

func (reasoning) Reason(engine.Instant, *engine.FunctionView, *engine.PoolView) engine.Reason {
	return reasons
}

// Of a cold, a warm, a waiting and a refused request it can be told what
// happened and why.
func TestDecisions(t *testing.T) {
	base, err := policy.New("lru")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{Decisions: 4}, reasoning{base})
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int) engine.Instant { return engine.Instant(ms) * engine.Instant(time.Millisecond) }
	step := func(ms int, ev engine.Event) { e.Step(at(ms), &ev, nil) }
	ask := func(ms int, ticket engine.Ticket, id engine.RequestID, memory engine.Bytes) {
		step(ms, engine.Event{
			Kind: engine.Acquire, Ticket: ticket, Request: id, Account: "a",
			Function: engine.FunctionSpec{Name: "f", Memory: memory, Concurrency: 1}, Deadline: at(9000),
		})
	}
	size := engine.Size{Memory: 128 * mib, Booked: 128 * mib}
	want := func(id engine.RequestID, want engine.Decision) {
		t.Helper()
		got, ok := e.Decision(id)
		want.Request, want.Account, want.Function = id, "a", "f"
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("request %s, known %v (-want +got):\n%s", id, ok, d)
		}
	}

	ask(0, 1, "cold", 128*mib)
	if _, ok := e.Decision("cold"); ok {
		t.Error("something is known of a request that waits")
	}
	step(50, engine.Event{Kind: engine.NodeReady, Reservation: 1, Node: "n", Capacity: 128 * mib})
	step(550, engine.Event{Kind: engine.ContainerReady, Name: "0-1", Container: "c"})
	want("cold", engine.Decision{
		Answered: at(550), Granted: true, Cold: true, Node: "n", Container: "c", Size: size, CreationTook: 500 * time.Millisecond,
		Created: 1, Reserved: 1, Cause: engine.ContainerReady, Reason: reasons,
	})

	ask(600, 2, "waits", 128*mib)
	ask(700, 3, "too large", 256*mib)
	step(800, engine.Event{Kind: engine.Return, Request: "cold", Container: "c"})
	want("waits", engine.Decision{
		Arrived: at(600), Answered: at(800), Granted: true, Node: "n", Container: "c", Size: size, Reserved: 1,
		Seen: engine.Seen{Ready: 1, InFlight: 1}, Cause: engine.Return, CauseRequest: "cold", Reason: reasons,
	})
	want("too large", engine.Decision{
		Arrived: at(700), Answered: at(700), Refusal: engine.NoCapacity, Message: "the container needs 256 MiB, the largest node offers 128 MiB",
		Seen: engine.Seen{Ready: 1, InFlight: 1, Waiting: 1}, Cause: engine.Acquire, CauseRequest: "too large",
	})

	step(900, engine.Event{Kind: engine.Return, Request: "waits", Container: "c"})
	ask(1000, 4, "warm", 128*mib)
	want("warm", engine.Decision{
		Arrived: at(1000), Answered: at(1000), Granted: true, Node: "n", Container: "c", Size: size,
		Seen: engine.Seen{Ready: 1, Idle: 1}, Cause: engine.Acquire, CauseRequest: "warm",
	})
	step(1100, engine.Event{Kind: engine.Return, Request: "warm", Container: "c"})
	ask(1200, 5, "last", 128*mib)
	if _, ok := e.Decision("cold"); ok {
		t.Error("the fifth last of four decisions is known")
	}
	if _, ok := e.Decision("waits"); !ok {
		t.Error("the fourth last of four decisions is not known")
	}
	if _, ok := e.Decision(""); ok {
		t.Error("a request without an id is known")
	}
}
