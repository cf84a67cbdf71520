package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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
	// Confirm is for how long the knee must hold in the end; 0 does without.
	Confirm time.Duration
	// Begun and Progress are as in Sweep.
	Begun    func(rate float64, length time.Duration)
	Progress func(Step)
}

// Coldpath is the result.
type Coldpath struct {
	Steps []Step // in the order in which they were tried
	// Nodes is how many the scheduler held at the end; 0 where it does not say.
	Nodes int
	// Knee is the fastest step that was held, for as long as it had to; nil if none was.
	Knee *Step
	// Partial: the sweep was interrupted.
	Partial bool
}

// slowest is how many times the creation by itself the 99th percentile may be.
const slowest = 2

func (c *ColdpathConfig) complete() error {
	if c.Scheduler == "" || c.Creation <= 0 || c.Memory <= 0 {
		return errors.New("scheduler, creation and memory must be given")
	}
	if c.To != 0 && c.To < c.From {
		return errors.New("to must not be less than from")
	}
	if c.Functions < 0 || c.From < 0 || c.Halvings < 0 || c.WarmUp < 0 || c.Window < 0 || c.Confirm < 0 {
		return errors.New("functions, from, halvings, warm-up, window and confirm must not be negative")
	}
	orDefault(&c.Functions, 1000)
	orDefault(&c.From, 500)
	orDefault(&c.Halvings, 3)
	orDefault(&c.WarmUp, time.Second)
	orDefault(&c.Window, 4*time.Second)
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
	sweep := Sweep{
		Call: acquireOnce(t.callers(cfg.Functions, cfg.Memory)), From: cfg.From, To: cfg.To, Halvings: cfg.Halvings,
		WarmUp: cfg.WarmUp, Window: cfg.Window, Slowest: slowest * cfg.Creation, Confirm: cfg.Confirm,
		Begun: cfg.Begun, Progress: cfg.Progress,
	}
	result := &Coldpath{}
	result.Steps, result.Knee = sweep.Run(ctx)
	result.Partial = ctx.Err() != nil
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusTimeout)
	defer cancel()
	if status, err := t.client.GetStatus(asking, &schedulerpb.GetStatusRequest{}); err == nil { // a foreign scheduler has none
		result.Nodes = len(status.GetNodes())
	}
	return result, nil
}

const statusTimeout = 5 * time.Second

// acquireOnce acquires a container, which must be made for it, of one caller after
// the other, and returns it as used up.
func acquireOnce(callers []*caller) Call {
	return func(ctx context.Context, n int, answered func(cold bool)) error {
		c := callers[n%len(callers)]
		id := requestID(c.number, int(loopCalls.Add(1)))
		lease, err := c.acquire(ctx, id)
		if err != nil {
			return err
		}
		answered(lease.GetColdStart())
		return c.giveBack(ctx, id, lease, true)
	}
}

// loopCalls numbers the calls of all loops: an id must not come again while the
// scheduler may still know it.
var loopCalls atomic.Int64
