package cold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/minifaas/minifaas/bench/load"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// RateConfig says how a node is loaded with cold starts: each of another function than
// the ones before, its container used once and removed.
type RateConfig struct {
	// Node is reserved, and nobody else's.
	Node    nodeservicepb.NodeServiceClient
	Subject Subject
	// WarmUp (default 1 s) and then Window (default 4 s) are what one rate takes, and
	// Confirm (default 10 s) is for how long the knee must hold.
	WarmUp, Window, Confirm time.Duration
	// Runc is nil, or starts the same program in containers of runc, for comparison.
	Runc *Runc
	// Progress is told of what has been measured; nil is fine.
	Progress func(what string, s load.Step)
}

// RateFunctions is how many functions get their turns one after the other.
const RateFunctions = 64

// Rate is what a node sustains of one subject.
type Rate struct {
	Subject
	// Closed is how many cold starts a second AtOnce callers get who ask again at once.
	Closed float64
	// Steps were tried in an open loop; Knee is the fastest that held, nil if none did.
	Steps []load.Step
	Knee  *load.Step
	// Steady is at 70 % of the knee, Overload at twice the knee.
	Steady, Overload *load.Step
	// Bursts are how long BurstSize starts took that came at once, each time until the
	// last was answered.
	Bursts Times
	// Runc is how many starts a second the same callers get of runc, and RuncRatio how
	// many times more Closed is, in the median of several turns; 0 if it was not asked.
	Runc, RuncRatio float64
	Partial         bool
}

// Kept is the rate at twice the knee by that at the knee: less than 1 is what is lost
// to overload. It is 0 if either is not known.
func (r *Rate) Kept() float64 {
	if r.Knee == nil || r.Overload == nil {
		return 0
	}
	return r.Overload.Achieved / r.Knee.Achieved
}

const (
	// AtOnce is how many callers a closed loop has: twice the cores of the node.
	AtOnce = 4
	// BurstSize is how many starts come at once, and bursts how often.
	BurstSize = 32
	bursts    = 5
	// slowest is the 99th percentile that a rate may have to hold.
	slowest = 250 * time.Millisecond
	// steadyShare and overloadShare of the knee are looked at, too.
	steadyShare, overloadShare = 0.7, 2
	// firstShare of the closed loop's rate is the first that is tried, and halvings of
	// the gap find the knee.
	firstShare = 0.5
	halvings   = 2
)

// MeasureRate makes the measurement. When ctx ends the result is partial.
func MeasureRate(ctx context.Context, cfg RateConfig) (*Rate, error) {
	cfg.WarmUp = cmp.Or(cfg.WarmUp, time.Second)
	cfg.Window = cmp.Or(cfg.Window, 4*time.Second)
	cfg.Confirm = cmp.Or(cfg.Confirm, 10*time.Second)
	if cfg.Progress == nil {
		cfg.Progress = func(string, load.Step) {}
	}
	m := &rating{RateConfig: cfg, node: &node{NodeServiceClient: cfg.Node}, rate: &Rate{Subject: cfg.Subject}}
	err := m.run(ctx)
	if ctx.Err() != nil {
		m.rate.Partial, err = true, nil
	}
	if err != nil {
		return nil, fmt.Errorf("measure the rate of %s: %w", cfg.Subject.Name, err)
	}
	return m.rate, nil
}

type rating struct {
	RateConfig
	node  *node
	rate  *Rate
	turns atomic.Int64 // of functions
}

func (m *rating) run(ctx context.Context) error {
	if err := m.touch(ctx); err != nil {
		return err
	}
	if err := m.closedLoops(ctx); err != nil {
		return err
	}
	sweep := load.Sweep{
		Call: func(ctx context.Context, _ int, answered func(bool)) error { return m.once(ctx, answered) },
		From: max(1, firstShare*m.rate.Closed), Halvings: halvings, WarmUp: m.WarmUp, Window: m.Window, Confirm: m.Confirm, Slowest: slowest,
		Progress: func(s load.Step) { m.Progress("open loop", s) },
	}
	m.rate.Steps, m.rate.Knee = sweep.Run(ctx)
	if m.rate.Knee != nil {
		m.rate.Steady = m.at(ctx, &sweep, steadyShare)
		m.rate.Overload = m.at(ctx, &sweep, overloadShare)
	}
	return m.bursts(ctx)
}

// at is what comes of a rate that is such a share of the knee; nil when ctx ends.
func (m *rating) at(ctx context.Context, sweep *load.Sweep, share float64) *load.Step {
	step := sweep.Try(ctx, share*m.rate.Knee.Offered)
	if ctx.Err() != nil {
		return nil
	}
	m.Progress(fmt.Sprintf("%v × the knee", share), step)
	return &step
}

// once starts the next function in turn, and removes its container.
func (m *rating) once(ctx context.Context, answered func(cold bool)) error {
	turn := int(m.turns.Add(1)) % RateFunctions
	s, err := m.node.start(ctx, m.Subject.function(turn))
	if err == nil {
		answered(true)
	}
	return errors.Join(err, m.node.remove(ctx, s))
}

// touch has the code of all functions brought to the node.
func (m *rating) touch(ctx context.Context) error {
	for range RateFunctions {
		if err := m.once(ctx, func(bool) {}); err != nil {
			return err
		}
	}
	return nil
}
