package engine_test

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// foreseeing says of every request that it has to wait for so long.
type foreseeing struct {
	engine.Policy
	wait time.Duration
}

func (p foreseeing) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration {
	return p.wait
}

func TestEarlyRefusal(t *testing.T) {
	base, err := policy.New("lru")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{}, foreseeing{base, 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 1024 * mib}, nil)
	ask := func(ticket engine.Ticket, now, deadline time.Duration) []engine.Action {
		actions := e.Step(engine.Instant(now), &engine.Event{
			Kind: engine.Acquire, Ticket: ticket, Function: engine.FunctionSpec{Name: "f", Memory: 128 * mib}, Deadline: engine.Instant(deadline),
		}, nil)
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		return actions
	}
	got := ask(1, 0, 300*time.Millisecond)
	if len(got) != 2 || got[0].Kind != engine.CreateContainer {
		t.Fatalf("%+v, want a container for whoever tries again, and a refusal", got)
	}
	refusal := got[1]
	if refusal.Refusal != engine.DeadlineExceeded || refusal.RetryAfter != 400*time.Millisecond || refusal.Ticket != 1 ||
		refusal.Message != "no container of f can be had in less than 400ms, and the deadline is in 300ms" {
		t.Errorf("refusal %+v", refusal)
	}
	if got := ask(2, 100*time.Millisecond, 300*time.Millisecond); len(got) != 1 || got[0].Refusal != engine.DeadlineExceeded {
		t.Errorf("%+v, want a refusal, and no second container", got)
	}
	if got := ask(3, 200*time.Millisecond, 600*time.Millisecond); len(got) != 0 {
		t.Errorf("%+v, want that a request waits that may be served in time", got)
	}
	granted := e.Step(engine.Instant(400*time.Millisecond), &engine.Event{Kind: engine.ContainerReady, Name: "0-1", Container: "c"}, nil)
	if len(granted) != 1 || granted[0].Kind != engine.Grant || granted[0].Ticket != 3 {
		t.Fatalf("%+v, want a grant of ticket 3", granted)
	}
	e.Step(engine.Instant(500*time.Millisecond), &engine.Event{Kind: engine.Return, Container: "c"}, nil)
	if got := ask(4, 600*time.Millisecond, 601*time.Millisecond); len(got) != 1 || got[0].Kind != engine.Grant {
		t.Errorf("%+v, want a warm container whatever the deadline", got)
	}
}

// hasty wants everything at once, but has no more than two containers made at a time.
type hasty struct{ engine.Policy }

func (hasty) Pace(*engine.PoolView) int { return 2 }

// The pace of creations is shared as memory is: account by account.
func TestPaceIsShared(t *testing.T) {
	base, err := policy.New("lru")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{}, hasty{base})
	if err != nil {
		t.Fatal(err)
	}
	e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 8192 * mib}, nil)
	var creations []engine.Action
	var made []string
	step := func(now engine.Instant, ev *engine.Event) {
		for _, a := range e.Step(now, ev, nil) {
			switch a.Kind {
			case engine.CreateContainer:
				creations = append(creations, a)
				made = append(made, a.Function.Name)
			case engine.ReserveNode:
				t.Fatal("a node is reserved for want of pace, with memory free")
			}
		}
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		spec := engine.FunctionSpec{Name: "flood", Memory: 128 * mib}
		account := "a"
		if i >= 10 {
			spec.Name, account = "few", "b"
		}
		step(0, &engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i + 1), Account: account, Function: spec})
	}
	for i := 0; i < len(creations); i++ {
		if under := e.Status().Functions; under[0].Creating+under[len(under)-1].Creating > 2 {
			t.Fatalf("%+v are under way, want 2 at most", under)
		}
		step(engine.Instant(i+1), &engine.Event{Kind: engine.ContainerReady, Name: creations[i].Name, Container: engine.ContainerID(creations[i].Name)})
	}
	if len(made) != 12 {
		t.Fatalf("%d containers were made, want 12: %v", len(made), made)
	}
	few := 0
	for _, name := range made[:7] {
		if name == "few" {
			few++
		}
	}
	if few != 2 {
		t.Errorf("containers were made in the order %v; want both of the small account among the first", made)
	}
}
