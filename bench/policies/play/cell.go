package play

import (
	"fmt"
	"slices"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Cell is one simulation.
type Cell struct {
	Setting Setting
	Entrant Entrant
	Seed    uint64
}

func (c Cell) String() string {
	return fmt.Sprintf("%s with %s, seed %d", c.Setting.Workload, c.Entrant.Policy, c.Seed)
}

// Entrant is who plays.
type Entrant struct {
	Policy string
	// Config is that of the policy Adaptive, its defaults if zero.
	Config policy.AdaptiveConfig `json:",omitzero"`
}

// Entrants that are not like all others.
const (
	Adaptive = "adaptive"
	Baseline = "baseline"
	// Oracle knows the workload: it is a bound and no policy.
	Oracle = "oracle"
)

// policy is new for each simulation.
func (c Cell) policy(w *trace.Workload, p sim.Platform) (engine.Policy, error) {
	switch c.Entrant.Policy {
	case Oracle:
		return sim.NewOracle(sim.OracleConfig{Workload: w, Platform: p, Declared: c.Setting.Declared}), nil
	case Adaptive:
		cfg := c.Entrant.Config
		cfg.Enlarge = true // as on the contest's platform
		return policy.NewAdaptive(cfg)
	default:
		return policy.New(c.Entrant.Policy)
	}
}

// Twin is the policy that does the same in this setting, for want of what the
// two would do differently: on one node placement decides nothing, and without a
// limit nothing is ever evicted. A policy without a twin is its own.
func (s Setting) Twin(name string) string {
	if s.Platform != Memory {
		return name
	}
	if slices.Contains(placers, name) {
		return "ttl-600"
	}
	if s.MemoryFactor == 0 && slices.Contains(evictors, name) {
		return "ttl-inf"
	}
	return name
}

// placers decide on which node, and nothing else. Not among them is ch-bl: it goes
// through the nodes one by one, which counts towards what the engine visits in a
// step, and so may end a step earlier even where there is one node.
var placers = []string{"best-fit", "first-fit", "least-allocated", "random-placement", "home-invoker"}

// evictors decide what is evicted and nothing else.
var evictors = []string{"lru", "random-eviction", "greedy-dual", "greedy-dual-freq", "greedy-dual-size", "landlord"}

// sharers learn that calls may share a container. To all others a function that
// declares nothing takes one call at a time.
var sharers = []string{Adaptive, Oracle}

// Canonical is the cell that has the same figures and is played for all its likes.
func (c Cell) Canonical() Cell {
	c.Entrant.Policy = c.Setting.Twin(c.Entrant.Policy)
	if c.Setting.Declared == 0 && c.Setting.Platform == Memory && !slices.Contains(sharers, c.Entrant.Policy) {
		c.Setting.Declared = 1
	}
	return c
}
