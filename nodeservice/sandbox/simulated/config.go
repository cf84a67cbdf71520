package simulated

import (
	"errors"
	"fmt"

	"github.com/minifaas/minifaas/internal/nodemodel"
)

// Config is the simulated machine. Zero fields are those of the reference node.
type Config struct {
	nodemodel.Config
	// CreateScale makes creating containers slower (above 1) or faster; default 1:
	// 0.1 s, then 0.4 s of CPU.
	CreateScale float64
}

// Validate reports every fault.
func (c Config) Validate() error {
	fault := c.Config.Validate()
	if c.CreateScale < 0 {
		fault = errors.Join(fault, fmt.Errorf("create scale is %v; it must be 0 (the default) or more", c.CreateScale))
	}
	return fault
}

// creation is what it takes to create a container.
func (c Config) creation() nodemodel.Creation {
	if c.CreateScale == 0 {
		return nodemodel.Reference(1)
	}
	return nodemodel.Reference(c.CreateScale)
}
