package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Config says what is simulated.
type Config struct {
	Workload *trace.Workload
	// Policy decides. It must be new, and nobody else's.
	Policy engine.Policy
	// Engine holds the engine's own settings.
	Engine engine.Config
	// Seed of everything that the platform draws: reservation times and faults.
	Seed     uint64
	Platform Platform
	// Declared is the concurrency that every function declares, in calls a
	// container; 0 leaves it to the policy.
	Declared int
	// Announce tells the engine of all functions at the start, as a platform does
	// on which they are deployed before they are called.
	Announce bool
	// Progress, if not nil, is told now and then how many calls have come.
	Progress func(done, total int)
	// Observe, if not nil, sees every step of the engine. The event and the
	// actions are used again after it has returned.
	Observe func(now engine.Instant, ev *engine.Event, actions []engine.Action)
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.Workload == nil {
		faults = append(faults, errors.New("workload: must not be nil"))
	}
	if c.Policy == nil {
		faults = append(faults, errors.New("policy: must not be nil"))
	}
	if c.Declared < 0 {
		faults = append(faults, fmt.Errorf("declared concurrency %d is negative", c.Declared))
	}
	return errors.Join(append(faults, c.Engine.Validate(), c.Platform.Validate())...)
}

// Validate reports every fault.
func (p Platform) Validate() error {
	var faults []error
	report := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	notNegative := func(name string, d time.Duration) { report(d >= 0, "%s %v is negative", name, d) }
	report(p.Nodes >= 1, "nodes %d: want 1 or more", p.Nodes)
	report(p.Available >= 0, "available nodes %d: want 0 or more", p.Available)
	report(p.Offered >= 0, "offered memory %d is negative", p.Offered)
	report(p.Create != nil, "create: must not be nil")
	notNegative("refill time", p.Refill)
	notNegative("reservation time", p.Reserve)
	notNegative("removal time", p.Remove)
	f := p.Faults
	notNegative("time between losses of a node", f.NodeLoss)
	report(f.Slow >= 0 && f.Slow <= 1, "share of slow nodes %v: want 0 to 1", f.Slow)
	report(f.Slow == 0 || f.Slowness >= 1, "slowness %v: want 1 or more", f.Slowness)
	report(f.Failed >= 0 && f.Failed <= 1, "share of failed creations %v: want 0 to 1", f.Failed)
	return errors.Join(append(faults, p.Node.Validate())...)
}
