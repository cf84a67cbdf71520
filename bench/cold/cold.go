// Package cold measures cold starts on real nodes: from CreateContainer to the first
// answer, each next to the bare start of the same program on the same machine. Both
// take turns, so that they meet the same weather, and on a shared machine it is
// their ratio that says much.
package cold

import (
	"context"
	"errors"
	"fmt"
	"time"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// Config says what to measure.
type Config struct {
	// Node is reserved, and nobody else's.
	Node     nodeservicepb.NodeServiceClient
	Subjects []Subject
	// Starts of each subject are measured, cold and bare, default 200. A few more go
	// before, as warm-up.
	Starts int
	// Progress is told how many rounds are over, the warm-up's among them, of how
	// many; nil is fine.
	Progress func(done, total int)
}

// Result has what was measured of each subject, in the order of the Config.
type Result struct {
	Subjects []Measured
	// Partial: the measurement was interrupted.
	Partial bool
}

// Measured is one subject's.
type Measured struct {
	Subject
	Cold, Bare Times
	Phases     Phases
	// Pooled is how many of the cold starts took a sandbox from the node's reserve.
	Pooled int
	// Failed cold starts are in no other figure; Failure is the first one's.
	Failed  int
	Failure string
}

// Ratio is the median cold start by the median bare one; 0 if there is none.
func (m Measured) Ratio() float64 { return ratio(m.Cold.P50(), m.Bare.P50()) }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return a.Seconds() / b.Seconds()
}

// warmUp is how many rounds go before those that count, without a pause: the code is
// copied to the node, a module compiled, and the reserve is seen to be asked for.
const warmUp = 5

// Measure makes the measurement. When ctx ends the result is partial. Cold starts that
// fail are counted; a bare one that does is an error.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Starts == 0 {
		cfg.Starts = 200
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int, int) {}
	}
	m := &measurement{Config: cfg, node: &node{NodeServiceClient: cfg.Node}, records: make([]record, len(cfg.Subjects))}
	err := m.run(ctx)
	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		return nil, fmt.Errorf("measure cold starts: %w", err)
	}
	result := &Result{Partial: interrupted}
	for i, s := range cfg.Subjects {
		result.Subjects = append(result.Subjects, m.records[i].measured(s))
	}
	return result, nil
}

type measurement struct {
	Config
	node    *node
	records []record // by subject
}

// record gathers what is measured of one subject.
type record struct {
	starts  []start
	bare    []time.Duration
	failed  int
	failure string
}

func (m *measurement) run(ctx context.Context) error {
	rounds := warmUp + m.Starts
	for round := range rounds {
		for i, s := range m.Subjects {
			if err := m.round(ctx, s, &m.records[i], round); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		if round == warmUp-1 {
			clear(m.records)
		}
		m.Progress(round+1, rounds)
	}
	return nil
}

// round starts a subject both ways. Which way comes first changes with every round.
func (m *measurement) round(ctx context.Context, s Subject, r *record, round int) error {
	ways := []func() error{
		func() error { return m.bare(ctx, s, r) },
		func() error { return m.cold(ctx, s, r) },
	}
	if round%2 == 1 {
		ways[0], ways[1] = ways[1], ways[0]
	}
	for _, way := range ways {
		if round >= warmUp {
			if err := m.node.settle(ctx); err != nil {
				return err
			}
		}
		if err := way(); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) bare(ctx context.Context, s Subject, r *record) error {
	begun := time.Now()
	end, err := s.Bare(ctx)
	took := time.Since(begun)
	if err == nil {
		err = end()
	}
	if err != nil {
		return fmt.Errorf("bare start: %w", err)
	}
	r.bare = append(r.bare, took)
	return nil
}

func (m *measurement) cold(ctx context.Context, s Subject, r *record) error {
	start, err := m.node.start(ctx, s.function(0))
	if ctx.Err() != nil {
		return errors.Join(m.node.remove(ctx, start), context.Cause(ctx))
	}
	if err != nil {
		r.fail(err)
	} else {
		r.starts = append(r.starts, start)
	}
	return m.node.remove(ctx, start)
}

func (r *record) fail(err error) {
	if r.failed++; r.failure == "" {
		r.failure = err.Error()
	}
}

func (r *record) measured(s Subject) Measured {
	m := Measured{Subject: s, Bare: newTimes(r.bare), Failed: r.failed, Failure: r.failure}
	var took []time.Duration
	for _, start := range r.starts {
		took = append(took, start.took)
		if start.phases.GetPooled() {
			m.Pooled++
		}
	}
	m.Cold, m.Phases = newTimes(took), medians(r.starts)
	return m
}
