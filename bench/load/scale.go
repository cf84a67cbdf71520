package load

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// ScaleConfig says how large a platform gets on which the engine's cost is measured.
type ScaleConfig struct {
	// Policy makes the policy of one engine.
	Policy func() (engine.Policy, error)
	// Sizes are the platforms; nil means DefaultSizes.
	Sizes []Size
	// Repeats is how many samples each median is of, default 15.
	Repeats int
	// Idle is how many functions without containers the memory of one is taken
	// over, default 20,000.
	Idle int
	// Progress is told after each size; nil is fine.
	Progress func(done, total int)
}

// Size is how much there is of everything.
type Size struct{ Functions, Nodes, Containers int }

// DefaultSizes let everything grow together, then nodes alone, then functions alone.
func DefaultSizes() []Size {
	var sizes []Size
	for n := 10; n <= 100_000; n *= 10 {
		sizes = append(sizes, Size{Functions: max(1, n/10), Nodes: max(1, n/20), Containers: n})
	}
	for n := 10; n <= 10_000; n *= 10 {
		sizes = append(sizes, Size{Functions: 1000, Nodes: n, Containers: 10_000})
	}
	for n := 1; n <= 10_000; n *= 10 {
		sizes = append(sizes, Size{Functions: n, Nodes: 500, Containers: 10_000})
	}
	return sizes
}

// Scale is what the engine costs, without gRPC, on the processor that it ran on.
type Scale struct {
	Points []ScalePoint
	// IdleFunction is the memory, in bytes, of a function that was called a few
	// times and has no container any more. 0 if it was not come to.
	IdleFunction int
	// Partial: the measurement was interrupted.
	Partial bool
}

// ScalePoint is the cost on a platform of one size.
type ScalePoint struct {
	Size
	// Warm is the time of the two Steps that acquire and return a warm container, of
	// a different function each time. Cold is that of all Steps of a call for
	// which a container is created, and removed after it.
	Warm, Cold time.Duration
	// Memory is that of the engine by its containers, in bytes: functions and
	// nodes are in it.
	Memory int
}

// samplePairs is how many pairs one sample is the mean of.
const samplePairs = 2000

// MeasureScale measures how the engine's cost grows. When ctx ends the result is partial.
func MeasureScale(ctx context.Context, cfg ScaleConfig) (*Scale, error) {
	if cfg.Sizes == nil {
		cfg.Sizes = DefaultSizes()
	}
	orDefault(&cfg.Repeats, 15)
	orDefault(&cfg.Idle, 20_000)
	result := &Scale{}
	for i, size := range cfg.Sizes {
		if ctx.Err() != nil {
			result.Partial = true
			return result, nil
		}
		point, err := cfg.measure(size)
		if err != nil {
			return nil, fmt.Errorf("measure scale of %+v: %w", size, err)
		}
		result.Points = append(result.Points, point)
		if cfg.Progress != nil {
			cfg.Progress(i+1, len(cfg.Sizes))
		}
	}
	var err error
	result.IdleFunction, err = cfg.idleFunction()
	return result, err
}

func (c *ScaleConfig) measure(size Size) (ScalePoint, error) {
	before := heap()
	p, err := c.platform(size)
	if err != nil {
		return ScalePoint{}, err
	}
	point := ScalePoint{Size: size, Memory: int(heap()-before) / size.Containers}
	point.Warm, err = c.sample(p.warm)
	if err != nil {
		return ScalePoint{}, err
	}
	point.Cold, err = c.sample(p.cold)
	return point, err
}

// sample is the median of means, after one that is not counted.
func (c *ScaleConfig) sample(call func() error) (time.Duration, error) {
	var samples []time.Duration
	for range c.Repeats + 1 {
		begun := time.Now()
		for range samplePairs {
			if err := call(); err != nil {
				return 0, err
			}
		}
		samples = append(samples, time.Since(begun)/samplePairs)
	}
	samples = samples[1:]
	slices.Sort(samples)
	return samples[len(samples)/2], nil
}

// idleFunction is the memory that a function takes when it has had calls and has none now.
func (c *ScaleConfig) idleFunction() (int, error) {
	const calls = 3
	p, err := c.platform(Size{Functions: c.Idle, Nodes: 10, Containers: 1})
	if err != nil {
		return 0, err
	}
	before := heap()
	for range calls {
		for _, f := range p.functions[1:c.Idle] {
			if err := p.pair(f, true); err != nil {
				return 0, err
			}
		}
	}
	grown := int(heap() - before)
	runtime.KeepAlive(p)
	return grown / c.Idle, nil
}
