package load

import (
	"context"
	"time"
)

// Call makes the nth call of an open loop. What it takes ends when it calls
// answered, which says whether it was cold; what it does after that is not timed.
type Call func(ctx context.Context, n int, answered func(cold bool)) error

// Sweep says how a rate of calls is driven up, and which rates hold.
type Sweep struct {
	Call Call
	// From is the first rate, in calls a second. Each next one is a quarter higher,
	// until one does not hold; then the gap is halved Halvings times. No rate is
	// above To; 0 is no limit.
	From, To float64
	Halvings int
	// WarmUp and then Window are what one rate takes; what is due in the warm-up is
	// not counted.
	WarmUp, Window time.Duration
	// Slowest is the 99th percentile that a rate may have at most.
	Slowest time.Duration
	// Confirm is for how long the fastest rate must hold once more, in one window. One
	// that does not is lowered by a twentieth until it does. 0 does without.
	Confirm time.Duration
	// Begun is told of each rate that is going to be tried, and how long that takes, and
	// Progress what came of it; nil is fine.
	Begun    func(rate float64, length time.Duration)
	Progress func(Step)

	attempt func(ctx context.Context, rate float64, window time.Duration) Step // of tests; nil is measure
}

// Step is one rate that was tried.
type Step struct {
	// Offered and Achieved are in cold calls a second: achieved are those that were
	// answered within the window.
	Offered, Achieved float64
	// Window is for how long it was measured.
	Window time.Duration
	// P50 and P99 are of the time from when a call was due until it was answered.
	P50, P99 time.Duration
	// Calls were due in the window, of which so many failed, the first with Failure,
	// and so many were not cold.
	Calls, Failed, Warm int
	Failure             string
	// Cut: so many calls were in flight that the step ended early.
	Cut bool
	// Held: whoever was asked kept up.
	Held bool
}

const (
	faster = 1.25
	// achievedShare of the calls are answered in time where a rate holds.
	achievedShare = 0.98
	// mostFailed is the share of calls that may fail: what they took is in no percentile.
	mostFailed = 0.01
	// attempts: a rate that did not hold is tried again, since a shared machine
	// is at times somebody else's.
	attempts = 2
	// The knee is lowered by so much at a time, and so often, until it holds for long.
	slower        = 0.95
	confirmations = 10
)

// Run returns all rates in the order in which they were tried, and the fastest that
// held, nil if none did. When ctx ends these are fewer.
func (s *Sweep) Run(ctx context.Context) (steps []Step, knee *Step) {
	try := func(rate float64, window time.Duration) *Step {
		if ctx.Err() != nil {
			return nil
		}
		if s.Begun != nil {
			s.Begun(rate, s.WarmUp+window)
		}
		step := s.try(ctx, rate, window)
		if ctx.Err() != nil {
			return nil
		}
		steps = append(steps, step)
		if s.Progress != nil {
			s.Progress(step)
		}
		return &step
	}
	knee = s.climb(try)
	if knee != nil && s.Confirm > 0 {
		knee = s.confirm(try, knee)
	}
	return steps, knee
}

// trial measures a rate for so long; nil is of one that was interrupted.
type trial func(rate float64, window time.Duration) *Step

// climb returns the fastest rate that held.
func (s *Sweep) climb(try trial) (knee *Step) {
	holds := func(rate float64) bool {
		for range attempts {
			step := try(rate, s.Window)
			if step == nil {
				return false
			}
			if step.Held {
				knee = step // a rate is tried only above those that held
				return true
			}
		}
		return false
	}
	rate, held := s.From, 0.0
	for holds(rate) {
		if held = rate; held == s.To {
			return knee
		}
		if rate *= faster; s.To > 0 {
			rate = min(rate, s.To)
		}
	}
	for range s.Halvings {
		if between := (held + rate) / 2; holds(between) {
			held = between
		} else {
			rate = between
		}
	}
	return knee
}

// confirm returns the fastest rate, not above the knee, that holds for long: the knee
// is the last of many short windows, each of which may have been a lucky one.
func (s *Sweep) confirm(try trial, knee *Step) *Step {
	rate := knee.Offered
	for range confirmations {
		step := try(rate, s.Confirm)
		if step == nil {
			return knee // the sweep is partial
		}
		if step.Held {
			return step
		}
		rate *= slower
	}
	return nil
}

func (s *Sweep) try(ctx context.Context, rate float64, window time.Duration) Step {
	if s.attempt != nil {
		return s.attempt(ctx, rate, window)
	}
	return s.measure(ctx, rate, window)
}

// Try makes calls at one rate, and judges what came of it.
func (s *Sweep) Try(ctx context.Context, rate float64) Step { return s.measure(ctx, rate, s.Window) }

func (s *Sweep) measure(ctx context.Context, rate float64, length time.Duration) Step {
	w := window{from: s.WarmUp, to: s.WarmUp + length}
	loop := openLoop{call: s.Call, rate: rate, length: w.to, limit: inFlightLimit(rate), drain: drainLimit, heard: w.heard}
	cut := loop.run(ctx)
	step := w.step(rate)
	step.Window = length
	// Answers to calls of before the window help at the most to reach what was offered.
	step.Achieved = min(step.Achieved, rate)
	step.Cut = cut
	step.Held = !cut && step.Achieved >= achievedShare*rate && step.P99 <= s.Slowest &&
		float64(step.Failed) <= mostFailed*float64(step.Calls)
	return step
}
