package sim

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Pace sets no bound: the oracle has planned what is made, and when.
func (*Oracle) Pace(*engine.PoolView) int { return 0 }

// Wait refuses nobody early.
func (*Oracle) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration { return 0 }
