package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// newestRetires keeps containers for an hour, but lets the newest ones retire once it is late.
type newestRetires struct {
	engine.Policy
	late engine.Instant
}

func (newestRetires) Rules() engine.Rules { return engine.Rules{RetiresIdle: true} }

func (newestRetires) KeepContainer(engine.Instant, *engine.FunctionView, *engine.ContainerView) time.Duration {
	return time.Hour
}

func (p newestRetires) Retire(now engine.Instant, _ *engine.FunctionView, c *engine.ContainerView) bool {
	return now >= p.late && c.Serial > 1
}

// Of a function that is called no more a container retires that is not the one idle for longest.
func TestIdleRetireWithoutCalls(t *testing.T) {
	ttl, err := policy.New("ttl-600")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{}, newestRetires{ttl, engine.Instant(30 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	now := engine.Instant(time.Millisecond)
	removed := map[engine.Name]engine.Instant{}
	var step func(ev engine.Event)
	step = func(ev engine.Event) {
		for _, a := range append([]engine.Action(nil), e.Step(now, &ev, nil)...) {
			switch a.Kind {
			case engine.ReserveNode:
				step(engine.Event{Kind: engine.NodeReady, Reservation: a.Reservation, Node: "n", Capacity: 1 << 30})
			case engine.CreateContainer:
				step(engine.Event{Kind: engine.ContainerReady, Name: a.Name, Container: engine.ContainerID(a.Name)})
			case engine.RemoveContainer:
				removed[a.Name] = now
			}
		}
	}
	for i := 1; i <= 2; i++ {
		step(engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i), Request: engine.RequestID(fmt.Sprint(i)), Function: engine.FunctionSpec{Name: "f", Memory: 128 << 20}})
	}
	now = now.Add(time.Second)
	for i := 1; i <= 2; i++ {
		step(engine.Event{Kind: engine.Return, Container: engine.ContainerID(fmt.Sprint("0-", i)), Request: engine.RequestID(fmt.Sprint(i))})
	}
	for wake, ok := e.NextWake(); ok && wake < engine.Instant(time.Minute); wake, ok = e.NextWake() {
		now = wake
		step(engine.Event{Kind: engine.Wake})
	}
	if at := removed["0-2"]; len(removed) != 1 || at < engine.Instant(30*time.Second) || at > engine.Instant(41*time.Second) {
		t.Errorf("removed %v, want the second one between 30 and 41 s", removed)
	}
}
