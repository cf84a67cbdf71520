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
	// Metrics is the URL of the platform's metrics, in which the scheduler's process is
	// called "scheduler"; empty where there is none.
	Metrics string
	// EchoServer is the command that runs the echo: see echo.Start.
	EchoServer []string
	// Progress is told after each block; nil is fine.
	Progress func(done, total int)
}

// HotpathPoint is what was measured with one number of callers.
type HotpathPoint struct {
	Callers int
	// Scheduler and Echo are medians over the rounds, of unary calls.
	Scheduler, Echo Figures
	// Ratio is of pairs per second, P99Ratio of the 99th percentiles, scheduler by
	// echo: medians of the rounds' own ratios.
	Ratio, P99Ratio float64
	// Session is of pairs over one Session, whose returns nobody waits for, and its
	// ratios are to the echo as well; nil of a scheduler that has no Session.
	Session *SessionFigures
	// Cold pairs are those of the scheduler that waited for a container.
	Cold int
}

// SessionFigures are those of pairs over one Session.
type SessionFigures struct {
	Figures
	Ratio, P99Ratio float64
}

// Hotpath is the result: a point for each number of callers.
type Hotpath struct {
	Points []HotpathPoint
	// GC and EchoGC are at which growth of the heap, in percent, either server collects
	// its garbage; 0 where it is not known.
	GC, EchoGC int
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

// MeasureHotpath sets warm pairs of the scheduler, by unary calls and over a session,
// against pairs of echoes: two calls with the same messages. Blocks of all take turns,
// so that all meet the same weather on a shared machine. When ctx ends the result is partial; a failed
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
	most := slices.Max(c.Callers)
	var sides [][]*caller
	for _, side := range []struct {
		address string
		dial    func(string) (*target, error)
	}{{server.Address, dial}, {c.Scheduler, dial}, {c.Scheduler, dialSession}} {
		t, err := side.dial(side.address)
		if err != nil {
			return nil, err
		}
		defer t.close()
		sides = append(sides, t.callers(most, HotpathMemory))
	}
	warming, cancel := context.WithTimeout(ctx, warmUpLimit)
	defer cancel()
	for side := ours; side <= session; side++ {
		if _, _, err := block(warming, sides[side], 0); ctx.Err() != nil {
			return &Hotpath{Partial: true}, nil
		} else if err != nil {
			return nil, fmt.Errorf("warm up: %w", err)
		}
	}
	if sides[session][0].session.Unary() {
		sides = sides[:session]
	}
	result, err := c.rounds(ctx, sides)
	if err != nil {
		return nil, err
	}
	result.GC, result.EchoGC = gcPercent(ctx, c.Metrics), server.GCPercent
	return result, nil
}

// The sides of the measurement: two calls that are echoed, unary calls to the
// scheduler, and a session with it.
const (
	plain = iota
	ours
	session
)

// sample is one block of each side.
type sample struct {
	sides [session + 1]Figures
	cold  int
}

func (c *HotpathConfig) rounds(ctx context.Context, sides [][]*caller) (*Hotpath, error) {
	samples := make([][]sample, len(c.Callers))
	result := &Hotpath{}
	sessions := len(sides) > session
	done, total := 0, len(sides)*(c.Rounds+1)*len(c.Callers)
	for round := range c.Rounds + 1 {
		for i, n := range c.Callers {
			var s sample
			for turn := range sides {
				// Who goes first changes, so that none always meets what another left.
				side := (turn + round) % len(sides)
				f, cold, err := block(ctx, sides[side][:n], c.Block)
				if ctx.Err() != nil {
					result.Partial = true
					result.points(c.Callers, samples, sessions)
					return result, nil
				}
				if err != nil {
					return nil, fmt.Errorf("%d callers of the %s: %w", n, []string{"echo", "scheduler", "scheduler's session"}[side], err)
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
	result.points(c.Callers, samples, sessions)
	return result, nil
}

// points summarises the rounds that were finished.
func (h *Hotpath) points(callers []int, samples [][]sample, sessions bool) {
	if h.Rounds == 0 {
		return
	}
	for i, n := range callers {
		rounds := samples[i][:h.Rounds]
		p := HotpathPoint{Callers: n, Echo: medians(rounds, plain), Scheduler: medians(rounds, ours)}
		p.Ratio, p.P99Ratio = ratios(rounds, ours)
		if sessions {
			p.Session = &SessionFigures{Figures: medians(rounds, session)}
			p.Session.Ratio, p.Session.P99Ratio = ratios(rounds, session)
		}
		for _, s := range rounds {
			p.Cold += s.cold
		}
		h.Points = append(h.Points, p)
	}
}

// ratios are the medians of the rounds' own, of that side by the echo.
func ratios(rounds []sample, side int) (pairs, p99 float64) {
	pairs = median(rounds, func(s sample) float64 { return s.sides[side].PairsPerSecond / s.sides[plain].PairsPerSecond })
	p99 = median(rounds, func(s sample) float64 { return s.sides[side].P99.Seconds() / s.sides[plain].P99.Seconds() })
	return pairs, p99
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
