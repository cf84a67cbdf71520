package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Figures of one kind of pair under one load, at the rate at which so many
// callers get answers that ask again at once.
type Figures struct {
	PairsPerSecond float64
	P50, P99       time.Duration
}

// block lets every caller make pairs, one after the other, for a time. The
// figures cover all of them: those that end later, too.
func block(ctx context.Context, callers []*caller, length time.Duration) (f Figures, cold int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all loops
	var running sync.WaitGroup
	begun := time.Now()
	end := begun.Add(length)
	for _, c := range callers {
		running.Go(func() {
			took, cold, err := c.loop(ctx, end)
			if err != nil {
				cancel(err)
			}
			all.add(took, cold)
		})
	}
	running.Wait()
	elapsed := time.Since(begun)
	if ctx.Err() != nil {
		return Figures{}, 0, context.Cause(ctx)
	}
	slices.Sort(all.took)
	return Figures{
		PairsPerSecond: float64(len(all.took)) / elapsed.Seconds(),
		P50:            all.took[len(all.took)/2],
		P99:            all.took[len(all.took)*99/100],
	}, all.cold, nil
}

// loop makes pairs until end, one at least.
func (c *caller) loop(ctx context.Context, end time.Time) (took []time.Duration, cold int, err error) {
	for begun := time.Now(); ; {
		made, err := c.pair(ctx)
		if err != nil {
			return nil, 0, err
		}
		now := time.Now()
		took = append(took, now.Sub(begun))
		if made {
			cold++
		}
		if now.After(end) {
			return took, cold, nil
		}
		begun = now
	}
}

// loops gathers what all callers of a block measured.
type loops struct {
	mu   sync.Mutex // guards what follows
	took []time.Duration
	cold int
}

func (l *loops) add(took []time.Duration, cold int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took...)
	l.cold += cold
}
