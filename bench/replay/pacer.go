package replay

import (
	"context"
	"iter"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
)

// pace hands over each call at its time, the first call's being start. The
// deadlines are absolute: a call that is late, because the machine was busy, does
// not delay those after it. Once gone is closed those that are left are handed over at
// once. It reports whether all were before ctx ended.
func (c Clock) pace(ctx context.Context, gone <-chan struct{}, start time.Time, calls iter.Seq[trace.Call],
	send func(call trace.Call, offset time.Duration, intended time.Time),
) bool {
	timer := newTimer()
	defer timer.Stop()
	first := time.Duration(-1)
	for call := range calls {
		if first < 0 {
			first = call.Offset
		}
		offset := call.Offset - first
		intended := start.Add(c.Real(offset))
		if !sleepUntil(ctx, gone, timer, intended) {
			return false
		}
		send(call, offset, intended)
	}
	return true
}

// newTimer is a timer that has not been started.
func newTimer() *time.Timer {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return timer
}

// sleepUntil reports whether the time came, or gone was closed, before ctx ended.
func sleepUntil(ctx context.Context, gone <-chan struct{}, timer *time.Timer, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer.Reset(wait)
	select {
	case <-timer.C:
		return true
	case <-gone:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
