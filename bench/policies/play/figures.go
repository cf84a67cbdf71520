package play

import (
	"context"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Figures are what is kept of a simulation. docs/simulator.md defines them.
type Figures struct {
	Calls, Failures, ColdStarts                 int
	MeanSlowdown, P99Slowdown, NormalizedMemory float64
	// Counted and NodeTime are what counts in the contest's score; they are kept
	// of the platform Reference.
	Counted  []score.Function `json:",omitempty"`
	NodeTime time.Duration    `json:",omitempty"`
	// Containers are kept of the workload Constant.
	Containers *Spread `json:",omitempty"`
	Hash       string
	// Took is how long the simulation took: a hint for the next, no figure.
	Took time.Duration
}

// grace is how long before the first call the scheduler is told of the functions
// on the platform Reference, as in minifaas sim.
const grace = 45 * time.Second

// simulate plays the cell. It is an error if ctx ends before it does.
func simulate(ctx context.Context, c Cell, sc *scene) (Figures, error) {
	platform, err := c.Setting.platform(sc, c.Seed)
	if err != nil {
		return Figures{}, err
	}
	p, err := c.policy(sc.workload, platform) // an oracle plays on the other platform only
	if err != nil {
		return Figures{}, err
	}
	workload, reference := sc.workload, c.Setting.Platform == Reference
	if reference {
		workload = workload.After(grace)
	}
	cfg := sim.Config{
		Workload: workload, Announce: reference, Policy: p, Engine: engine.Config{Seed: c.Seed}, Seed: c.Seed,
		Platform: platform, Declared: c.Setting.Declared,
	}
	watch := census{end: engine.Instant(workload.Length)}
	if c.Setting.Workload == Constant {
		cfg.Observe = watch.observe
	}
	r, err := sim.Run(ctx, cfg)
	if err != nil {
		return Figures{}, err
	}
	if r.Partial {
		return Figures{}, fmt.Errorf("simulate %v: %w", c, context.Cause(ctx))
	}
	f := Figures{
		Calls: r.Total.Calls, Failures: r.Total.Failures, ColdStarts: r.Total.ColdStarts,
		MeanSlowdown: r.Total.MeanSlowdown, P99Slowdown: r.P99SlowdownGeomean, NormalizedMemory: r.NormalizedMemory,
		Hash: r.HistoryHash(),
	}
	if reference {
		f.Counted, f.NodeTime = r.Counted, r.NodeTime
	}
	if cfg.Observe != nil {
		spread := watch.spread()
		f.Containers = &spread
	}
	return f, nil
}
