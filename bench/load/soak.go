package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// SoakConfig says how long a scheduler is loaded.
type SoakConfig struct {
	// Scheduler is host:port.
	Scheduler string
	// Metrics is the URL of the platform's metrics, in which the scheduler's
	// process is called "scheduler".
	Metrics string
	// Functions and Memory are as in ColdpathConfig.
	Functions int
	Memory    int64
	// Rate is in creations a second. Length is for how long; the first fifth of it
	// is the scheduler's to settle.
	Rate   float64
	Length time.Duration
	// Progress is told of the time that has passed; nil is fine.
	Progress func(passed time.Duration)
}

// Soak is what a long load did to a scheduler.
type Soak struct {
	// Load is what came of the calls after the scheduler had settled.
	Load Step
	// Before and After are what the process came back to in the first and in the last
	// quarter of that time, and Growth is from one to the other, as a share.
	Before, After, Growth Footprint
	// Length is how long it was. Partial: it was interrupted.
	Length  time.Duration
	Partial bool
}

// MostGrowth is the share by which a sound scheduler may grow in a soak.
const MostGrowth = 0.02

// Sound reports whether nothing grew by more than MostGrowth.
func (s *Soak) Sound() bool {
	return max(s.Growth.Memory, s.Growth.Goroutines, s.Growth.Files) <= MostGrowth
}

// samplesPerSoak are enough for deciles. They are sampleEvery apart at least, so
// that they cost next to nothing.
const (
	samplesPerSoak = 480
	sampleEvery    = 50 * time.Millisecond
)

// MeasureSoak loads a scheduler at one rate and watches what its process holds.
// When ctx ends the result is partial.
func MeasureSoak(ctx context.Context, cfg SoakConfig) (*Soak, error) {
	if cfg.Scheduler == "" || cfg.Metrics == "" || cfg.Functions <= 0 || cfg.Memory <= 0 || cfg.Rate <= 0 || cfg.Length <= 0 {
		return nil, errors.New("soak: scheduler, metrics, functions, memory, rate and length must be given")
	}
	t, err := dial(cfg.Scheduler)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	defer t.close()
	soaking, stop := context.WithCancel(ctx)
	defer stop()
	settled := cfg.Length / 5
	w := window{from: settled, to: cfg.Length}
	loop := openLoop{
		callers: t.callers(cfg.Functions, cfg.Memory), rate: cfg.Rate, length: cfg.Length,
		limit: inFlightLimit(cfg.Rate), drain: drainLimit, heard: w.heard,
	}
	begun := time.Now()
	var watching sync.WaitGroup
	var samples []Footprint
	watching.Go(func() {
		if samples, err = cfg.watch(soaking, begun.Add(settled)); err != nil {
			stop()
		}
	})
	cut := loop.run(soaking)
	stop()
	watching.Wait()
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	if cut {
		return nil, fmt.Errorf("soak: after %v the scheduler was %d calls behind %.0f a second", time.Since(begun).Round(time.Second), loop.limit, cfg.Rate)
	}
	s := &Soak{Length: cfg.Length, Partial: ctx.Err() != nil}
	if s.Partial {
		s.Length = min(cfg.Length, time.Since(begun))
	}
	if s.Length <= settled {
		return nil, errors.New("soak: interrupted before the scheduler had settled")
	}
	w.to = s.Length
	s.Load = w.step(cfg.Rate)
	if n := len(samples); n > 0 {
		part := max(1, n/4)
		s.Before, s.After = floor(samples[:part]), floor(samples[n-part:])
		s.Growth = growth(s.Before, s.After)
	}
	return s, nil
}

// watch samples the scheduler's process from then on, until ctx ends.
func (c *SoakConfig) watch(ctx context.Context, from time.Time) ([]Footprint, error) {
	begun := time.Now()
	every := time.NewTicker(max(sampleEvery, c.Length/samplesPerSoak))
	defer every.Stop()
	var samples []Footprint
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return samples, nil
		}
		if c.Progress != nil {
			c.Progress(time.Since(begun))
		}
		if time.Now().Before(from) {
			continue
		}
		sample, err := footprint(ctx, c.Metrics, "scheduler")
		if ctx.Err() != nil {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		samples = append(samples, sample)
	}
}
