// Package policy holds the strategies that an engine can be given, one file
// each. All of them are deterministic: no clock, no chance, and no arithmetic
// that processors may do differently.
package policy

import (
	"fmt"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Names lists what New knows.
var Names = []string{"adaptive", "baseline"}

// New makes the policy of that name, with its default settings. Every engine
// needs one of its own.
func New(name string) (engine.Policy, error) {
	switch name {
	case "adaptive":
		return NewAdaptive(AdaptiveConfig{})
	case "baseline":
		return Baseline{}, nil
	}
	return nil, fmt.Errorf("policy %q: unknown, there are %v", name, Names)
}
