package policy

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// AdaptiveConfig holds the knobs of Adaptive. The zero value of a field means
// its default.
type AdaptiveConfig struct {
	// ColdStart is taken for the cold start of a function while none has been
	// seen of any. Default 500 ms.
	ColdStart time.Duration
	// Theta: requests are left to the containers that there are as long as
	// these clear the backlog within Theta cold starts. Default 1.
	Theta float64
	// ColdWorth is the exchange rate: how many node-seconds may be spent to spare
	// somebody one second of waiting. Default 60.
	ColdWorth float64

	// MaxShare is the most calls that a container is learned to share. Default 64.
	MaxShare int
	// ShareBelow and ShareAbove, where the CPU of calls is not measured: a
	// container's calls become more while they take less than ShareBelow times what they take alone, and fewer when they
	// take more than ShareAbove times. Default 1.15 and 1.5.
	ShareBelow, ShareAbove float64
	// ShareSlack is added to both sides before they are compared: a difference
	// of that order is noise. Default 2 ms.
	ShareSlack time.Duration
	// ProveAlone is how many calls must succeed one at a time after one ran
	// out of time or memory. Default 20.
	ProveAlone int

	// KeepMin and KeepMax bound how long an idle container is learned to be
	// kept. Default 2 s and 600 s.
	KeepMin, KeepMax time.Duration
	// KeepFirst and KeepFurther are taken for a function's last container and
	// for further ones while its gaps are unknown; KeepFurther also for
	// containers beyond its recent peak, and as the least while the function is
	// known for less than twice as long. Default 120 s and 30 s.
	KeepFirst, KeepFurther time.Duration
	// PeakWindow is what counts as recent: the peak is that of one to two
	// windows. Default 60 s.
	PeakWindow time.Duration

	// KeepNodeMin and KeepNodeMax bound how long an empty node is learned to
	// be kept. Default 1 s and 10 s.
	KeepNodeMin, KeepNodeMax time.Duration
	// KeepLastNode is how long the last node outlives the last call. Default 30 s.
	KeepLastNode time.Duration
}

// Validate reports every fault at once.
func (c AdaptiveConfig) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"cold start", c.ColdStart}, {"share slack", c.ShareSlack}, {"keep min", c.KeepMin}, {"keep max", c.KeepMax},
		{"keep first", c.KeepFirst}, {"keep further", c.KeepFurther}, {"peak window", c.PeakWindow},
		{"keep node min", c.KeepNodeMin}, {"keep node max", c.KeepNodeMax}, {"keep last node", c.KeepLastNode},
	} {
		check(d.value >= 0, "%s: must not be negative, is %v", d.name, d.value)
	}
	check(c.Theta >= 0 && c.Theta <= 1e6, "theta: must be between 0 and 1e6, is %v", c.Theta)
	check(c.ColdWorth >= 0 && c.ColdWorth <= 1e6, "cold worth: must be between 0 and 1e6, is %v", c.ColdWorth)
	check(c.MaxShare >= 0 && c.MaxShare <= math.MaxInt16, "max share: must be between 0 and %d, is %d", math.MaxInt16, c.MaxShare)
	check(c.ProveAlone >= 0, "prove alone: must not be negative, is %d", c.ProveAlone)
	c = c.withDefaults()
	check(c.KeepMin <= c.KeepMax, "keep min: %v is above keep max, %v", c.KeepMin, c.KeepMax)
	check(c.KeepNodeMin <= c.KeepNodeMax, "keep node min: %v is above keep node max, %v", c.KeepNodeMin, c.KeepNodeMax)
	check(c.ShareBelow >= 1 && c.ShareBelow <= c.ShareAbove, "share below: must be between 1 and share above, %v, is %v", c.ShareAbove, c.ShareBelow)
	return errors.Join(errs...)
}

func (c AdaptiveConfig) withDefaults() AdaptiveConfig {
	orDefault(&c.ColdStart, 500*time.Millisecond)
	orDefault(&c.Theta, 1)
	orDefault(&c.ColdWorth, 60)
	orDefault(&c.MaxShare, 64)
	orDefault(&c.ShareBelow, 1.15)
	orDefault(&c.ShareAbove, 1.5)
	orDefault(&c.ShareSlack, 2*time.Millisecond)
	orDefault(&c.ProveAlone, 20)
	orDefault(&c.KeepMin, 2*time.Second)
	orDefault(&c.KeepMax, 600*time.Second)
	orDefault(&c.KeepFirst, 120*time.Second)
	orDefault(&c.KeepFurther, 30*time.Second)
	orDefault(&c.PeakWindow, 60*time.Second)
	orDefault(&c.KeepNodeMin, time.Second)
	orDefault(&c.KeepNodeMax, 10*time.Second)
	orDefault(&c.KeepLastNode, 30*time.Second)
	return c
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Adaptive prices its decisions with what it has learned of each function: it
// waits for a busy container where that is faster than making one, shares
// containers where that costs nothing, and keeps idle ones for as long as
// calls have been apart. See adaptive_*.go for each decision.
type Adaptive struct {
	cfg     AdaptiveConfig
	cold    mean // of all functions
	reserve mean
	pace    pace
	learned []*learned // by FunctionView.Index
}

var _ engine.Policy = (*Adaptive)(nil)

// learned is what is known of one function, in about 500 bytes.
type learned struct {
	execution  mean
	executions histogram
	cold       mean
	// fastest start seen lately.
	fastest time.Duration
	// first is when the function was first called; 0 before.
	first engine.Instant
	// gaps are times for which containers were idle until the next call, or would have been.
	gaps   histogram
	missed missed
	peak   peak
	share  sharing
	debt   debt
}

// NewAdaptive checks the settings.
func NewAdaptive(cfg AdaptiveConfig) (*Adaptive, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Adaptive{cfg: cfg.withDefaults(), pace: pace{limit: firstPace}}, nil
}

func (*Adaptive) Name() string { return "adaptive" }

func (*Adaptive) Rules() engine.Rules { return engine.Rules{} }

func (*Adaptive) Size(f *engine.FunctionView) engine.Size { return engine.Size{Memory: f.Spec.Memory} }

// Place packs: what is empty can be released.
func (*Adaptive) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.BestFit(need)
}

func (a *Adaptive) of(f *engine.FunctionView) *learned {
	for len(a.learned) <= f.Index {
		a.learned = append(a.learned, &learned{share: sharing{limit: 1, hold: firstProbe}})
	}
	return a.learned[f.Index]
}

func (a *Adaptive) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	l := a.of(f)
	if l.first == 0 {
		l.first = max(now, 1)
	}
	l.peak.record(now, a.cfg.PeakWindow, f.InFlight+f.Waiting+1)
	return false
}

func (a *Adaptive) Reused(_ engine.Instant, f *engine.FunctionView, gap time.Duration) {
	a.of(f).gaps.add(gap)
}

func (a *Adaptive) Expired(now engine.Instant, f *engine.FunctionView, idle time.Duration) {
	a.of(f).missed.add(now.Add(-idle))
}

func (a *Adaptive) Returned(_ engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	l := a.of(f)
	took := call.Duration
	if took <= 0 {
		took = call.Elapsed
	}
	if call.Error == "" { // how long an error took says little of a call
		l.execution.add(took)
		l.executions.add(took)
	}
	l.share.learn(&a.cfg, f.Spec.Concurrency > 0, call, took)
	return false
}

func (*Adaptive) Retire(engine.Instant, *engine.FunctionView, *engine.ContainerView) bool {
	return false
}

func (*Adaptive) Evicted(engine.Instant, *engine.FunctionView, *engine.ContainerView, int64) {}

func (a *Adaptive) Started(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, took time.Duration) {
	l := a.of(f)
	if l.cold.n == 0 { // one sample alone would be believed too much
		l.cold.add(a.coldStart(l))
	}
	l.cold.add(took)
	a.cold.add(took)
	a.pace.started(took, l.fastest)
	if l.fastest == 0 || took < l.fastest {
		l.fastest = took
	} else {
		l.fastest += (took - l.fastest) / 64
	}
}

func (a *Adaptive) Reserved(_ engine.Instant, took time.Duration) { a.reserve.add(took) }

func (a *Adaptive) State(c *engine.Codec) {
	a.cold.state(c)
	a.reserve.state(c)
	a.pace.state(c)
	n := c.Len(len(a.learned))
	if c.Reading() {
		a.learned = make([]*learned, n)
	}
	for i := range a.learned {
		if c.Reading() {
			a.learned[i] = &learned{}
		}
		l := a.learned[i]
		l.execution.state(c)
		l.executions.state(c)
		l.cold.state(c)
		engine.Int(c, &l.fastest)
		l.gaps.state(c)
		engine.Int(c, &l.first)
		l.missed.state(c)
		l.peak.state(c)
		l.share.state(c)
		l.debt.state(c)
	}
}
