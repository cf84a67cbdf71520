package shadow

import (
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Config says what runs beside the live scheduler.
type Config struct {
	// Live is the name of the live policy, Policies those of the others.
	Live     string
	Policies []string
	// Engine holds the live engine's settings.
	Engine engine.Config
	// Nodes is how many nodes there may be, Available of them can be reserved at
	// first, and Refill is how long it takes until one is replaced or back.
	Nodes, Available int
	Refill           time.Duration
	// CPU of a node, in cores.
	CPU float64
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	seen := map[string]bool{}
	for _, name := range append([]string{c.Live}, c.Policies...) {
		if _, err := policy.New(name); err != nil {
			faults = append(faults, err)
		}
		if seen[name] && name != c.Live {
			faults = append(faults, fmt.Errorf("shadow policy %s: named twice", name))
		}
		seen[name] = true
	}
	if c.Nodes < 1 {
		faults = append(faults, fmt.Errorf("nodes of shadows %d: want 1 or more", c.Nodes))
	}
	if c.Available < 0 {
		faults = append(faults, fmt.Errorf("available nodes of shadows %d: want 0 or more", c.Available))
	}
	if c.Refill < 0 {
		faults = append(faults, fmt.Errorf("refill time of shadows %v: want 0 or more", c.Refill))
	}
	if !(c.CPU > 0) {
		faults = append(faults, fmt.Errorf("cpu of shadows' nodes %v: want more than 0", c.CPU))
	}
	return errors.Join(faults...)
}

// longestLease is how long a call of the function can hold a container.
func (c Config) longestLease(timeout time.Duration) time.Duration {
	return or(timeout, or(c.Engine.DefaultTimeout, time.Minute)) + or(c.Engine.LeaseGrace, 5*time.Second)
}

// longestWait is how long a call can wait for one.
func (c Config) longestWait() time.Duration { return or(c.Engine.MaxWait, time.Minute) }

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
