package engine_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

var refusals = map[engine.Refusal]string{
	engine.NoCapacity: "no capacity", engine.QueueFull: "queue full", engine.DeadlineExceeded: "deadline",
	engine.CreateFailed: "create failed", engine.CreateGaveUp: "gave up", engine.Duplicate: "duplicate", engine.Canceled: "canceled",
}

// describe is an action as a line of a scenario.
func describe(now engine.Instant, a *engine.Action) string {
	line := ""
	switch a.Kind {
	case engine.Grant:
		line = fmt.Sprintf("grant %d: %s on %s", a.Ticket, a.Container, a.Node)
		if a.Cold {
			line += ", cold"
		}
	case engine.Refuse:
		line = fmt.Sprintf("refuse %d: %s: %s", a.Ticket, refusals[a.Refusal], a.Message)
		if a.RetryAfter > 0 {
			line += fmt.Sprintf(" (again in %v)", a.RetryAfter)
		}
	case engine.ReserveNode:
		line = fmt.Sprintf("reserve node %d", a.Reservation)
	case engine.ReleaseNode:
		line = fmt.Sprintf("release node %s", a.Node)
	case engine.CreateContainer:
		line = fmt.Sprintf("create %s for %s, %d MiB on %s", a.Name, a.Function.Name, a.Memory/mib, a.Node)
	case engine.RemoveContainer:
		line = fmt.Sprintf("remove %s (%s) on %s", a.Container, a.Name, a.Node)
	case engine.ResizeContainer:
		line = fmt.Sprintf("resize %s (%s) on %s to %d MiB", a.Container, a.Name, a.Node, a.Memory/mib)
	}
	return fmt.Sprintf("%v %s\n", time.Duration(now), line)
}

func (s *scenario) status() string {
	var out strings.Builder
	st := s.engine().Status()
	for _, n := range st.Nodes {
		fmt.Fprintf(&out, "node %s %s, %d of %d MiB\n", n.ID, n.State, n.Reserved/mib, n.Capacity/mib)
		for _, c := range n.Containers {
			fmt.Fprintf(&out, "  %s %s %s, %d in flight\n", c.Name, c.Function, c.State, c.InFlight)
		}
	}
	for _, f := range st.Functions {
		fmt.Fprintf(&out, "function %s: %d waiting, %d in flight, %d containers, %d being created\n",
			f.Name, f.QueueDepth, f.InFlight, f.Containers, f.Creating)
	}
	return out.String()
}
