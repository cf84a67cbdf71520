package main

import (
	"errors"
	"fmt"

	"github.com/minifaas/minifaas/scheduler/policy"
)

// adaptivePolicy is the name of the policy that has weights.
const adaptivePolicy = "adaptive"

// weightFlags say what the adaptive policy aims at. What is not given is nil, and
// keeps the policy's default.
type weightFlags struct {
	LatencyWeight  *float64 `placeholder:"0.75" help:"How much a slowdown counts for the policy adaptive, against --resource-weight: only their ratio matters."`
	ResourceWeight *float64 `placeholder:"0.25" help:"How much memory held counts for the policy adaptive, against --latency-weight."`
}

// given: any of them is.
func (f weightFlags) given() bool { return f.LatencyWeight != nil || f.ResourceWeight != nil }

// settings are those of the policy, which checks all but what validate does.
func (f weightFlags) settings() (c policy.AdaptiveConfig) {
	if f.LatencyWeight != nil {
		c.LatencyWeight = *f.LatencyWeight
	}
	if f.ResourceWeight != nil {
		c.ResourceWeight = *f.ResourceWeight
	}
	return c
}

// validate reports zeros, which the policy would take for its defaults.
func (f weightFlags) validate() error {
	var faults []error
	f.each(func(name string, weight float64) {
		if weight == 0 {
			faults = append(faults, fmt.Errorf("--%s 0: want more than 0; next to a weight of 1, 0.001 counts for almost nothing", name))
		}
	})
	return errors.Join(faults...)
}

func (f weightFlags) args() (args []string) {
	f.each(func(name string, weight float64) { args = append(args, flagArgs(name, weight)...) })
	return args
}

func (f weightFlags) each(do func(name string, weight float64)) {
	if f.LatencyWeight != nil {
		do("latency-weight", *f.LatencyWeight)
	}
	if f.ResourceWeight != nil {
		do("resource-weight", *f.ResourceWeight)
	}
}
