package nodemodel

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Config is the machine. Zero fields are those of the reference node.
type Config struct {
	// CPU in cores; default 2.
	CPU float64
	// Memory in bytes; default 4 GiB.
	Memory int64
	// SystemMemory is what of it the system takes, in bytes; default 512 MiB.
	SystemMemory int64
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.CPU < 0 || math.IsNaN(c.CPU) {
		faults = append(faults, fmt.Errorf("cpu is %v cores; it must be 0 (the default) or more", c.CPU))
	}
	if c.Memory < 0 {
		faults = append(faults, fmt.Errorf("memory is %d bytes; it must be 0 (the default) or more", c.Memory))
	}
	if c.SystemMemory < 0 {
		faults = append(faults, fmt.Errorf("system memory is %d bytes; it must be 0 (the default) or more", c.SystemMemory))
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
	return c
}

// Creation is what it takes to create a container: a delay in which nothing is
// used but memory, then CPU at no more than one core.
type Creation struct {
	Delay, CPU time.Duration
	// Memory is what the container uses by itself from then on, in bytes.
	Memory int64
}

// Reference is the creation of the reference node, with its times multiplied by
// scale: 0.1 s, then 0.4 s of CPU; 8 MiB.
func Reference(scale float64) Creation {
	return Creation{
		Delay:  time.Duration(scale * float64(100*time.Millisecond)),
		CPU:    time.Duration(scale * float64(400*time.Millisecond)),
		Memory: 8 << 20,
	}
}

// cpuPerGiB is the CPU that a container may use for each GiB of its limit, in
// cores: what sandbox.CPUPerGiB is to a real container. That one is the rule, and
// a test of nodeservice/sandbox/simulated holds the two together.
const cpuPerGiB = 0.67

// Quota is the most CPU that a container with that much memory uses, in cores.
func Quota(memory int64) float64 { return cpuPerGiB * float64(memory) / (1 << 30) }
