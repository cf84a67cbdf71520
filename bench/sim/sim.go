package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Run plays the workload to its end, and on until every call has an outcome. When
// ctx ends before, the result is partial.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	w, err := newWorld(cfg)
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if err := w.play(ctx); err != nil {
		return nil, fmt.Errorf("simulate %s with policy %s: %w", cfg.Workload.Name, cfg.Policy.Name(), err)
	}
	return w.result(), nil
}

// world is the platform, its callers and the shell of the engine.
type world struct {
	cfg      Config
	engine   *engine.Engine
	policy   *watched
	ctx      context.Context // ends the run early; nil never
	happened int
	// specs are the functions as the engine is told of them, and functions their
	// indices by name.
	specs     []engine.FunctionSpec
	functions map[string]int

	now     time.Duration
	agenda  agenda
	pool    pool
	nodes   []*node // by number, those gone included
	active  nodeHeap
	boxes   registry[container]
	calls   calls
	meter   meter
	tallies []tally // by function
	// follower, if not nil, is told of the calls instead of the tallies.
	follower func(Ended)

	// Buffers, used again and again.
	event   engine.Event
	actions []engine.Action
	ended   []nodemodel.Completion
	// check, if not nil, sees the engine after each step.
	check func(*engine.Engine) error
	// err is the first broken promise: nothing happens after it.
	err error
}

func newWorld(cfg Config) (*world, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	functions := cfg.Workload.Functions
	w := &world{
		cfg: cfg, policy: &watched{Policy: cfg.Policy},
		functions: make(map[string]int, len(functions)), pool: newPool(cfg), meter: newMeter(cfg.Workload.Length),
	}
	var err error
	if w.engine, err = engine.New(cfg.Engine, w.policy); err != nil {
		return nil, err
	}
	if len(functions) == 0 {
		return w, nil
	}
	counts := cfg.Workload.Count()
	for i, f := range functions {
		w.declare(f, cfg.Declared, counts[i])
	}
	return w, nil
}

// watched counts what the engine tells a policy and nobody else.
type watched struct {
	engine.Policy
	evicted int
}

// Evicted counts.
func (p *watched) Evicted(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView, rank int64) {
	p.evicted++
	p.Policy.Evicted(now, f, c, rank)
}
