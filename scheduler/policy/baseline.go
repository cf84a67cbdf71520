package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Baseline is the scheduler that the mini-faas contest of 2020 measured its
// entries against, and our score too. One request per container; the first
// idle container of the function in order of creation; else the first node, in
// order of reservation, with more free memory than the function's; else a new
// node; there a container with the function's memory. It removes nothing,
// releases nothing, waits for nothing else and tries nothing twice.
type Baseline struct{}

var _ engine.Policy = Baseline{}

func (Baseline) Name() string { return "baseline" }

func (Baseline) Rules() engine.Rules { return engine.Rules{Binds: true, OldestFirst: true} }

func (Baseline) Size(f *engine.FunctionView) engine.Size { return engine.Size{Memory: f.Spec.Memory} }

func (Baseline) Concurrency(*engine.FunctionView) int { return 1 }

// Scale is never asked: the policy binds.
func (Baseline) Scale(engine.Instant, *engine.FunctionView, *engine.PoolView) (int, engine.Instant) {
	return 0, 0
}

// Place wants more free memory than is needed, not as much: so did the contest's.
func (Baseline) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.FirstFit(need + 1)
}

func (Baseline) KeepContainer(engine.Instant, *engine.FunctionView, *engine.ContainerView) time.Duration {
	return engine.Forever
}

func (Baseline) KeepNode(engine.Instant, *engine.NodeView, *engine.PoolView) time.Duration {
	return engine.Forever
}

func (Baseline) Pace(*engine.PoolView) int { return 0 }

func (Baseline) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration { return 0 }

func (Baseline) Retire(engine.Instant, *engine.FunctionView, *engine.ContainerView) bool {
	return false
}

func (Baseline) Urgency(engine.Instant, *engine.FunctionView) int64 { return 0 }

func (Baseline) Evict(engine.Instant, *engine.FunctionView, *engine.ContainerView, *engine.FunctionView) (int64, bool) {
	return 0, false
}

// It learns nothing.

func (Baseline) Announced(engine.Instant, *engine.FunctionView) bool             { return false }
func (Baseline) Arrived(engine.Instant, *engine.FunctionView) bool               { return false }
func (Baseline) Returned(engine.Instant, *engine.FunctionView, engine.Call) bool { return false }
func (Baseline) Reused(engine.Instant, *engine.FunctionView, time.Duration)      {}
func (Baseline) Expired(engine.Instant, *engine.FunctionView, time.Duration)     {}
func (Baseline) Reserved(engine.Instant, time.Duration)                          {}
func (Baseline) State(*engine.Codec)                                             {}

func (Baseline) Evicted(engine.Instant, *engine.FunctionView, *engine.ContainerView, int64) {}
func (Baseline) Started(engine.Instant, *engine.FunctionView, *engine.ContainerView, time.Duration) {
}
