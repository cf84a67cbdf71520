package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// openLoop sends calls at an even rate, whatever becomes of those before: each has
// its time, and what it waits for is counted from then on, also when it was sent
// late.
type openLoop struct {
	call   Call
	rate   float64 // calls a second
	length time.Duration
	// limit of calls in flight: beyond it the loop ends, for whoever is asked has lost.
	limit int64
	// drain bounds how long calls may take that are in flight at the end.
	drain time.Duration
	// heard is told of each call that has ended, by several goroutines at once; but
	// not of those that run interrupts.
	heard func(answer)
}

// answer is what became of a call.
type answer struct {
	due  time.Duration // when it was to be sent, since the start of the loop
	took time.Duration // from due until it was answered
	cold bool
	err  error
}

// inFlightLimit is two seconds' worth of calls: whoever is so far behind does not catch up.
func inFlightLimit(rate float64) int64 { return int64(2*rate) + 100 }

// turn is the nth call of a loop, and when it is due, since the start of the loop.
type turn struct {
	n   int
	due time.Duration
}

// drainLimit is how long calls have to end once no more are sent: longer than anything
// takes that is not stuck.
const drainLimit = 10 * time.Second

// run returns when all calls have ended; when ctx ends it interrupts them. cut:
// there were too many in flight.
func (o *openLoop) run(ctx context.Context) (cut bool) {
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := time.Now()
	var inFlight atomic.Int64
	var running sync.WaitGroup
	// Goroutines are kept, with the stacks that they have grown: the load is to cost little.
	turns := make(chan turn)
	call := func(t turn) {
		defer inFlight.Add(-1)
		if a := o.send(calling, t, begun); a.err == nil || ctx.Err() == nil {
			o.heard(a)
		}
	}
	for n := 0; ; n++ {
		due := time.Duration(float64(n) / o.rate * float64(time.Second))
		if due >= o.length || !sleep(ctx, time.Until(begun.Add(due))) {
			break
		}
		if inFlight.Load() >= o.limit {
			cut = true
			break
		}
		inFlight.Add(1)
		select {
		case turns <- turn{n, due}:
		default: // all are busy
			running.Go(func() {
				call(turn{n, due})
				for t := range turns {
					call(t)
				}
			})
		}
	}
	close(turns)
	defer time.AfterFunc(o.drain, cancel).Stop()
	running.Wait()
	return cut
}

func (o *openLoop) send(ctx context.Context, t turn, begun time.Time) answer {
	a := answer{due: t.due}
	a.err = o.call(ctx, t.n, func(cold bool) { a.took, a.cold = time.Since(begun)-t.due, cold })
	if a.took == 0 {
		a.took = time.Since(begun) - t.due // it was not answered
	}
	return a
}

// sleep reports whether ctx lasted so long.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
