package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/echo"
)

// HotpathConfig says how warm pairs are measured.
type HotpathConfig struct {
	// Scheduler is host:port.
	Scheduler string
	// Callers are the numbers of callers at once, default 1, 16, 64 and 256. Each
	// has a function of its own, with one container.
	Callers []int
	// Rounds is how many blocks of each kind and number are measured, in turns,
	// default 20; one more of each goes before, as warm-up. Block is how long
	// one lasts, default 500 ms.
	Rounds int
	Block  time.Duration
	// EchoServer is the command that runs the echo: see echo.Start.
	EchoServer []string
	// Progress is told after each block; nil is fine.
	Progress func(done, total int)
}

// HotpathPoint is what was measured with one number of callers.
type HotpathPoint struct {
	Callers int
	// Scheduler and Echo are medians over the rounds.
	Scheduler, Echo Figures
	// Ratio is of pairs per second, P99Ratio of the 99th percentiles, scheduler by
	// echo: medians of the rounds' own ratios.
	Ratio, P99Ratio float64
	// Cold pairs are those of the scheduler that waited for a container.
	Cold int
}

// Hotpath is the result: a point for each number of callers.
type Hotpath struct {
	Points []HotpathPoint
	// Rounds were measured. Partial: they are fewer than asked for; where there is
	// none there are no points.
	Rounds  int
	Partial bool
}

// HotpathMemory is that of a container, in bytes: small enough for hundreds of
// them on a few nodes.
const HotpathMemory = 128 << 20

// warmUpLimit bounds how long the first containers may take.
const warmUpLimit = time.Minute

func (c *HotpathConfig) complete() error {
	if c.Scheduler == "" {
		return errors.New("scheduler must be given")
	}
	if c.Rounds < 0 || c.Block < 0 {
		return errors.New("rounds and block must not be negative")
	}
	if len(c.Callers) == 0 {
		c.Callers = []int{1, 16, 64, 256}
	}
	if slices.Min(c.Callers) < 1 {
		return errors.New("callers must be 1 or more")
	}
	orDefault(&c.Rounds, 20)
	orDefault(&c.Block, 500*time.Millisecond)
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	return nil
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// MeasureHotpath sets warm pairs of the scheduler against pairs of echoes: two
// calls with the same messages. Blocks of both take turns, so that both meet the
// same weather on a shared machine. When ctx ends the result is partial; a failed
// call ends it with an error.
func MeasureHotpath(ctx context.Context, cfg HotpathConfig) (*Hotpath, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("measure hot path: %w", err)
	}
	result, err := cfg.measure(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure hot path: %w", err)
	}
	return result, nil
}

func (c *HotpathConfig) measure(ctx context.Context) (*Hotpath, error) {
	// The echo ends with this function, not with ctx: else a partial result would
	// be an error of its last block.
	server, err := echo.Start(context.WithoutCancel(ctx), c.EchoServer)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	var sides [2][]*caller
	for i, address := range []string{server.Address, c.Scheduler} {
		t, err := dial(address)
		if err != nil {
			return nil, err
		}
		defer t.close()
		sides[i] = t.callers(slices.Max(c.Callers), HotpathMemory)
	}
	warming, cancel := context.WithTimeout(ctx, warmUpLimit)
	defer cancel()
	if _, _, err := block(warming, sides[ours], 0); ctx.Err() != nil {
		return &Hotpath{Partial: true}, nil
	} else if err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	return c.rounds(ctx, sides)
}

// The two sides of the measurement.
const (
	plain = iota
	ours
)

// sample is one block of each side.
type sample struct {
	sides [2]Figures
	cold  int
}

func (c *HotpathConfig) rounds(ctx context.Context, sides [2][]*caller) (*Hotpath, error) {
	samples := make([][]sample, len(c.Callers))
	result := &Hotpath{}
	done, total := 0, 2*(c.Rounds+1)*len(c.Callers)
	for round := range c.Rounds + 1 {
		for i, n := range c.Callers {
			var s sample
			for turn := range 2 {
				// Who goes first changes, so that neither always meets what the other left.
				side := (turn + round) % 2
				f, cold, err := block(ctx, sides[side][:n], c.Block)
				if ctx.Err() != nil {
					result.Partial = true
					result.points(c.Callers, samples)
					return result, nil
				}
				if err != nil {
					return nil, fmt.Errorf("%d callers of the %s: %w", n, []string{"echo", "scheduler"}[side], err)
				}
				s.sides[side] = f
				s.cold += cold
				done++
				c.Progress(done, total)
			}
			if round > 0 {
				samples[i] = append(samples[i], s)
			}
		}
		result.Rounds = round
	}
	result.points(c.Callers, samples)
	return result, nil
}

// points summarises the rounds that were finished.
func (h *Hotpath) points(callers []int, samples [][]sample) {
	if h.Rounds == 0 {
		return
	}
	for i, n := range callers {
		rounds := samples[i][:h.Rounds]
		p := HotpathPoint{Callers: n, Echo: medians(rounds, plain), Scheduler: medians(rounds, ours)}
		p.Ratio = median(rounds, func(s sample) float64 { return s.sides[ours].PairsPerSecond / s.sides[plain].PairsPerSecond })
		p.P99Ratio = median(rounds, func(s sample) float64 { return s.sides[ours].P99.Seconds() / s.sides[plain].P99.Seconds() })
		for _, s := range rounds {
			p.Cold += s.cold
		}
		h.Points = append(h.Points, p)
	}
}

func medians(rounds []sample, side int) Figures {
	return Figures{
		PairsPerSecond: median(rounds, func(s sample) float64 { return s.sides[side].PairsPerSecond }),
		P50:            median(rounds, func(s sample) time.Duration { return s.sides[side].P50 }),
		P99:            median(rounds, func(s sample) time.Duration { return s.sides[side].P99 }),
	}
}

// median is the mean of the two in the middle where there is no middle.
func median[T float64 | time.Duration](rounds []sample, of func(sample) T) T {
	values := make([]T, len(rounds))
	for i, s := range rounds {
		values[i] = of(s)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
