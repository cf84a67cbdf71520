package simulated

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
)

// Config is the simulated machine. Zero fields are those of the reference node.
type Config struct {
	nodemodel.Config
	// Creation is what it takes to create a container; default nodemodel.Reference(1).
	Creation nodemodel.Creation
	// Speed is how many times faster than the model everything goes: creations,
	// calls, timeouts. What is reported, the time of the CPU with it, is of the clock,
	// too: at 10 a call of 100 ms takes, and reports, 10 ms. Default 1.
	Speed float64
}

// Validate reports every fault.
func (c Config) Validate() error {
	fault := c.Config.Validate()
	if c.Creation.Delay < 0 || c.Creation.CPU < 0 || c.Creation.Memory < 0 {
		fault = errors.Join(fault, fmt.Errorf("creation takes %+v; nothing of it may be below 0", c.Creation))
	}
	if c.Speed < 0 || math.IsNaN(c.Speed) || math.IsInf(c.Speed, 0) {
		fault = errors.Join(fault, fmt.Errorf("speed is %v; it must be 0 (the default) or more", c.Speed))
	}
	return fault
}

func (c Config) withDefaults() Config {
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Creation == (nodemodel.Creation{}) {
		c.Creation = nodemodel.Reference(1)
	}
	c.Creation.Delay = c.scaled(c.Creation.Delay)
	c.Creation.CPU = c.scaled(c.Creation.CPU)
	return c
}

// scaled is the time by the clock of what takes d in the model.
func (c Config) scaled(d time.Duration) time.Duration {
	if c.Speed == 1 {
		return d
	}
	return time.Duration(float64(d) / c.Speed)
}
