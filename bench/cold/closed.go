package cold

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// closedTurns is how often the closed loops of the node and of runc take turns.
const closedTurns = 3

// closedLoops load the node with callers who ask again at once, and runc in turns with it.
func (m *rating) closedLoops(ctx context.Context) error {
	var ours, runcs, ratios []float64
	for range closedTurns {
		rate, err := closedLoop(ctx, m.Window, func(ctx context.Context) error { return m.once(ctx, func(bool) {}) })
		if err != nil {
			return err
		}
		ours = append(ours, rate)
		m.rate.Closed = median(ours)
		m.Progress("closed loop", load.Step{Achieved: rate})
		if m.Runc == nil {
			continue
		}
		runc, err := closedLoop(ctx, m.Window, m.Runc.once)
		if err != nil {
			return fmt.Errorf("runc: %w", err)
		}
		runcs, ratios = append(runcs, runc), append(ratios, rate/runc)
		m.rate.Runc, m.rate.RuncRatio = median(runcs), median(ratios)
		m.Progress("runc", load.Step{Achieved: runc})
	}
	return nil
}

// median is of one value at least.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// closedLoop is how often a second something is done by AtOnce callers.
func closedLoop(ctx context.Context, length time.Duration, do func(context.Context) error) (float64, error) {
	var (
		running sync.WaitGroup
		done    atomic.Int64
		fault   = make(chan error, AtOnce)
	)
	begun := time.Now()
	for range AtOnce {
		running.Go(func() {
			for time.Since(begun) < length {
				if err := do(ctx); err != nil {
					fault <- err
					return
				}
				done.Add(1)
			}
		})
	}
	running.Wait()
	elapsed := time.Since(begun)
	select {
	case err := <-fault:
		return 0, err
	default:
		return float64(done.Load()) / elapsed.Seconds(), nil
	}
}
