package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// ColdpathConfig says how the rate of creations is driven up.
type ColdpathConfig struct {
	// Scheduler is host:port.
	Scheduler string
	// Creation is what creating a container takes on the nodes, by itself.
	Creation time.Duration
	// Functions is how many there are, default 1000: they get their turns one after
	// the other. Each has so much Memory, in bytes.
	Functions int
	Memory    int64
	// From is the first rate, in creations a second, default 500. Each next one is a
	// quarter higher, until one does not hold; then the gap is halved Halvings times,
	// default 3. No rate is above To; 0 is no limit.
	From, To float64
	Halvings int
	// WarmUp (default 1 s) and then Window (default 4 s) are what one rate takes;
	// what is due in the warm-up is not counted.
	WarmUp, Window time.Duration
	// Progress is told of each rate that was tried; nil is fine.
	Progress func(Step)
}

// Step is one rate that was tried.
type Step struct {
	// Offered and Achieved are in creations a second: achieved are those that were
	// answered within the window.
	Offered, Achieved float64
	// P50 and P99 are of the time from when a call was due until its container was there.
	P50, P99 time.Duration
	// Calls were due in the window, of which so many failed, the first with Failure,
	// and so many got a container that had not been made for them.
	Calls, Failed, Warm int
	Failure             string
	// Cut: so many calls were in flight that the step ended early.
	Cut bool
	// Held: the scheduler kept up.
	Held bool
}

// Coldpath is the result.
type Coldpath struct {
	Steps []Step // in the order in which they were tried
	// Nodes is how many the scheduler held at the end; 0 where it does not say.
	Nodes int
	// Knee is the fastest step that was held; nil if none was.
	Knee *Step
	// Partial: the sweep was interrupted.
	Partial bool
}

const (
	faster = 1.25
	// A rate holds if this share of the creations is achieved and the 99th percentile
	// is within so many times the creation by itself.
	achievedShare = 0.98
	slowest       = 2
	// mostFailed is the share of calls that may fail: what they took is in no percentile.
	mostFailed = 0.01
	// attempts: a rate that did not hold is tried again, since a shared machine
	// is at times somebody else's.
	attempts = 2
)

func (c *ColdpathConfig) complete() error {
	if c.Scheduler == "" || c.Creation <= 0 || c.Memory <= 0 {
		return errors.New("scheduler, creation and memory must be given")
	}
	if c.To != 0 && c.To < c.From {
		return errors.New("to must not be less than from")
	}
	if c.Functions < 0 || c.From < 0 || c.Halvings < 0 || c.WarmUp < 0 || c.Window < 0 {
		return errors.New("functions, from, halvings, warm-up and window must not be negative")
	}
	orDefault(&c.Functions, 1000)
	orDefault(&c.From, 500)
	orDefault(&c.Halvings, 3)
	orDefault(&c.WarmUp, time.Second)
	orDefault(&c.Window, 4*time.Second)
	if c.Progress == nil {
		c.Progress = func(Step) {}
	}
	return nil
}

// MeasureColdpath sweeps the rate of creations to the knee. When ctx ends the
// result is partial. Calls that fail are no error.
func MeasureColdpath(ctx context.Context, cfg ColdpathConfig) (*Coldpath, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("measure cold path: %w", err)
	}
	t, err := dial(cfg.Scheduler)
	if err != nil {
		return nil, fmt.Errorf("measure cold path: %w", err)
	}
	defer t.close()
	s := &sweep{cfg: cfg}
	callers := t.callers(cfg.Functions, cfg.Memory)
	s.attempt = func(ctx context.Context, rate float64) Step { return cfg.attempt(ctx, callers, rate) }
	s.run(ctx)
	s.result.Partial = ctx.Err() != nil
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusTimeout)
	defer cancel()
	if status, err := t.client.GetStatus(asking, &schedulerpb.GetStatusRequest{}); err == nil { // a foreign scheduler has none
		s.result.Nodes = len(status.GetNodes())
	}
	return &s.result, nil
}

const statusTimeout = 5 * time.Second

type sweep struct {
	cfg     ColdpathConfig
	attempt func(ctx context.Context, rate float64) Step
	result  Coldpath
}

func (s *sweep) run(ctx context.Context) {
	rate, held := s.cfg.From, 0.0
	for s.holds(ctx, rate) {
		if held = rate; held == s.cfg.To {
			return
		}
		if rate *= faster; s.cfg.To > 0 {
			rate = min(rate, s.cfg.To)
		}
	}
	for range s.cfg.Halvings {
		if between := (held + rate) / 2; s.holds(ctx, between) {
			held = between
		} else {
			rate = between
		}
	}
}

// holds tries a rate. It is false when ctx ends.
func (s *sweep) holds(ctx context.Context, rate float64) bool {
	for range attempts {
		step := s.attempt(ctx, rate)
		if ctx.Err() != nil {
			return false
		}
		s.result.Steps = append(s.result.Steps, step)
		s.cfg.Progress(step)
		if step.Held {
			if s.result.Knee == nil || step.Offered > s.result.Knee.Offered {
				s.result.Knee = &step
			}
			return true
		}
	}
	return false
}

// attempt loads the scheduler at a rate, and judges what came of it.
func (c *ColdpathConfig) attempt(ctx context.Context, callers []*caller, rate float64) Step {
	w := window{from: c.WarmUp, to: c.WarmUp + c.Window}
	loop := openLoop{callers: callers, rate: rate, length: w.to, limit: inFlightLimit(rate), drain: drainLimit, heard: w.heard}
	cut := loop.run(ctx)
	step := w.step(rate)
	// Answers to calls of before the window help at the most to reach what was offered.
	step.Achieved = min(step.Achieved, rate)
	step.Cut = cut
	step.Held = !cut && step.Achieved >= achievedShare*rate && step.P99 <= slowest*c.Creation &&
		float64(step.Failed) <= mostFailed*float64(step.Calls)
	return step
}
