package journal

import "github.com/minifaas/minifaas/scheduler/engine"

// step is one call of Engine.Step and the hash after it.
type step struct {
	now   engine.Instant
	hash  uint64
	event engine.Event
}

// Groups of an event's fields that are there.
const (
	hasRequest = 1 << iota
	hasFunction
	hasNode
	hasOutcome
	hasContainer
	hasStats
	hasMessage
)

func (s *step) code(c *engine.Codec) {
	ev := &s.event
	engine.Int(c, &s.now)
	engine.Int(c, &s.hash)
	engine.Int(c, &ev.Kind)
	groups := s.groups()
	engine.Int(c, &groups)
	if groups&hasRequest != 0 {
		engine.Int(c, &ev.Ticket)
		engine.Text(c, &ev.Request)
		engine.Text(c, &ev.Account)
		engine.Int(c, &ev.Deadline)
	}
	if groups&hasFunction != 0 {
		engine.Text(c, &ev.Function.Name)
		engine.Int(c, &ev.Function.Memory)
		engine.Int(c, &ev.Function.Timeout)
		engine.Text(c, &ev.Function.Handler)
		engine.Int(c, &ev.Function.Concurrency)
	}
	if groups&hasNode != 0 {
		engine.Text(c, &ev.Node)
		engine.Int(c, &ev.Reservation)
		engine.Int(c, &ev.Capacity)
		engine.Bool(c, &ev.Exhausted)
	}
	if groups&hasOutcome != 0 {
		engine.Int(c, &ev.Outcome.Duration)
		engine.Int(c, &ev.Outcome.MaxMemory)
		engine.Int(c, &ev.Outcome.CPU)
		engine.Text(c, &ev.Outcome.Error)
		engine.Bool(c, &ev.Outcome.Lost)
	}
	if groups&hasContainer != 0 {
		engine.Text(c, &ev.Name)
		engine.Text(c, &ev.Container)
		engine.Int(c, &ev.InFlight)
		engine.Bool(c, &ev.Permanent)
		engine.Text(c, &ev.Sandbox)
		engine.Bool(c, &ev.Prepared)
	}
	if groups&hasStats != 0 {
		engine.Int(c, &ev.Since)
		engine.Bool(c, &ev.Named)
		n := c.Len(len(ev.Containers))
		if c.Reading() {
			ev.Containers = make([]engine.ContainerStat, n)
		}
		for i := range ev.Containers {
			engine.Text(c, &ev.Containers[i].Container)
			engine.Text(c, &ev.Containers[i].Name)
			engine.Int(c, &ev.Containers[i].InFlight)
		}
		n = c.Len(len(ev.Sandboxes))
		if c.Reading() {
			ev.Sandboxes = make([]engine.SandboxStat, n)
		}
		for i := range ev.Sandboxes {
			engine.Text(c, &ev.Sandboxes[i].Kind)
			engine.Int(c, &ev.Sandboxes[i].Ready)
		}
	}
	if groups&hasMessage != 0 {
		engine.Text(c, &ev.Message)
	}
}

func (s *step) groups() (g int) {
	ev := &s.event
	if ev.Ticket != 0 || ev.Request != "" || ev.Account != "" || ev.Deadline != 0 {
		g |= hasRequest
	}
	if ev.Function != (engine.FunctionSpec{}) {
		g |= hasFunction
	}
	if ev.Node != "" || ev.Reservation != 0 || ev.Capacity != 0 || ev.Exhausted {
		g |= hasNode
	}
	if ev.Outcome != (engine.Outcome{}) {
		g |= hasOutcome
	}
	if ev.Name != "" || ev.Container != "" || ev.InFlight != 0 || ev.Permanent {
		g |= hasContainer
	}
	if ev.Since != 0 || ev.Named || len(ev.Containers)+len(ev.Sandboxes) > 0 {
		g |= hasStats
	}
	if ev.Message != "" {
		g |= hasMessage
	}
	return g
}
