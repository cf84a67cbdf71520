package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// SoakConfig says how long a scheduler is loaded.
type SoakConfig struct {
	// Scheduler is host:port.
	Scheduler string
	// Metrics is the URL of the platform's metrics, where the services of the names
	// Watched are to be found: those that the load goes through. What is idle takes many
	// minutes to fill the heap that it is allowed, by nothing but telling its metrics.
	Metrics string
	Watched []string
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

// Soak is what a long load did to a platform.
type Soak struct {
	// Load is what came of the calls after the scheduler had settled.
	Load Step
	// Services are the platform's processes, in order of their names.
	Services []SoakedService
	// Length is how long it was. Partial: it was interrupted.
	Length  time.Duration
	Partial bool
}

// SoakedService is what a process held under a long load.
type SoakedService struct {
	Name string
	// Before and After are medians over the first and the last quarter of the time after
	// the scheduler had settled, and Growth is from one to the other, as a share.
	Before, After, Growth Footprint
}

// MostGrowth is the share by which a sound service may grow in a soak. Of goroutines and
// files there may be one more in any case: a service with 16 open files can't have 2 % more.
const MostGrowth = 0.02

// Sound reports whether nothing of any service grew by more than that.
func (s *Soak) Sound() bool {
	return !slices.ContainsFunc(s.Services, func(s SoakedService) bool {
		counted := func(before, after float64) bool { return after-before > max(1, MostGrowth*before) }
		return s.Growth.Memory > MostGrowth || counted(s.Before.Goroutines, s.After.Goroutines) || counted(s.Before.Files, s.After.Files)
	})
}

// samplesPerSoak are enough for medians of quarters. They are sampleEvery apart at least, so
// that they cost next to nothing.
const (
	samplesPerSoak = 480
	sampleEvery    = 50 * time.Millisecond
)

// MeasureSoak loads a scheduler at one rate and watches what the platform's processes hold.
// When ctx ends the result is partial.
func MeasureSoak(ctx context.Context, cfg SoakConfig) (*Soak, error) {
	if cfg.Scheduler == "" || cfg.Metrics == "" || len(cfg.Watched) == 0 || cfg.Functions <= 0 || cfg.Memory <= 0 || cfg.Rate <= 0 || cfg.Length <= 0 {
		return nil, errors.New("soak: scheduler, metrics, watched, functions, memory, rate and length must be given")
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
		call: acquireOnce(t.callers(cfg.Functions, cfg.Memory)), rate: cfg.Rate, length: cfg.Length,
		limit: inFlightLimit(cfg.Rate), drain: drainLimit, heard: w.heard,
	}
	begun := time.Now()
	var watching sync.WaitGroup
	var samples []map[string]Footprint
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
	s.Services = soaked(samples)
	return s, nil
}

// soaked compares the first quarter of the samples with the last.
func soaked(samples []map[string]Footprint) []SoakedService {
	if len(samples) == 0 {
		return nil
	}
	part := max(1, len(samples)/4)
	var all []SoakedService
	for _, name := range slices.Sorted(maps.Keys(samples[0])) {
		var held []Footprint
		for _, s := range samples {
			held = append(held, s[name])
		}
		s := SoakedService{Name: name, Before: middle(held[:part]), After: middle(held[len(held)-part:])}
		s.Growth = growth(s.Before, s.After)
		all = append(all, s)
	}
	return all
}

// watch samples the platform's processes from then on, until ctx ends.
func (c *SoakConfig) watch(ctx context.Context, from time.Time) ([]map[string]Footprint, error) {
	begun := time.Now()
	every := time.NewTicker(max(sampleEvery, c.Length/samplesPerSoak))
	defer every.Stop()
	var samples []map[string]Footprint
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
		sample, err := footprints(ctx, c.Metrics)
		if ctx.Err() != nil {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		watched := map[string]Footprint{}
		for _, name := range c.Watched {
			f, ok := sample[name]
			if !ok {
				return nil, fmt.Errorf("%s does not have figures of the process %q", c.Metrics, name)
			}
			watched[name] = f
		}
		samples = append(samples, watched)
	}
}
