package simulated

import (
	"errors"
	"fmt"
	"time"
)

// Config is the simulated machine. Zero fields are those of the reference node.
type Config struct {
	// CPU in cores; default 2.
	CPU float64
	// Memory in bytes; default 4 GiB.
	Memory int64
	// SystemMemory is what of it the system takes, in bytes; default 512 MiB.
	SystemMemory int64
	// CreateScale makes creating containers slower (above 1) or faster; default 1:
	// 0.1 s, then 0.4 s of CPU.
	CreateScale float64
}

const (
	createDelay = 100 * time.Millisecond
	createCPU   = 400 * time.Millisecond
	// createCores is the most that one creation uses.
	createCores = 1.0
	// containerMemory is what a container takes that does nothing.
	containerMemory = 8 << 20
)

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.CPU < 0 {
		faults = append(faults, fmt.Errorf("cpu %v is negative", c.CPU))
	}
	if c.Memory < 0 {
		faults = append(faults, fmt.Errorf("memory %d is negative", c.Memory))
	}
	if c.SystemMemory < 0 {
		faults = append(faults, fmt.Errorf("system memory %d is negative", c.SystemMemory))
	}
	if c.CreateScale < 0 {
		faults = append(faults, fmt.Errorf("create scale %v is negative", c.CreateScale))
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if c.CPU == 0 {
		c.CPU = 2
	}
	if c.Memory == 0 {
		c.Memory = 4 << 30
	}
	if c.SystemMemory == 0 {
		c.SystemMemory = 512 << 20
	}
	if c.CreateScale == 0 {
		c.CreateScale = 1
	}
	return c
}
