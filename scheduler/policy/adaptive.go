package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Adaptive prices its decisions with what it has learned of each function. A
// second of waiting has a price in memory, set by the two weights; with it every
// choice becomes a comparison of two costs: to wait for a busy container or to
// make one (adaptive_scale.go), to let calls share one or not (adaptive_share.go),
// how much memory to ask for and to book (adaptive_size.go), on which node
// (adaptive_place.go), to keep an idle one (adaptive_keep.go) or to make it anew,
// perhaps ahead of the call (adaptive_prewarm.go), which one to give up first
// (adaptive_evict.go), and which node to empty (adaptive_move.go).
type Adaptive struct {
	cfg AdaptiveConfig
	all everything
	// learned by FunctionView.Index, in blocks: the index alone tells the place.
	learned []*[block]learned
	// functions is how many of those are in use.
	functions int
	// fetched keeps the compiler from leaving out what is read ahead: see fetch.
	fetched int64
}

var _ engine.Policy = (*Adaptive)(nil)

// everything is what is known of all functions together. New ones inherit it.
type everything struct {
	cold   mean
	starts starts
	// firsts are the first executions of each function.
	firsts  histogram
	reserve mean
	// came is when the latest node did.
	came engine.Instant
	// turnover is how long containers were idle that were evicted.
	turnover  mean
	displaced displacement
	pace      pace
	demand    demand
	// levels as of a function, see there.
	levels [levels]gaps
	// computing of so many functions that were judged compute.
	computing, judged int
	// prepared is the memory given so far to functions that were announced.
	prepared engine.Bytes
	usage    usage
	// node is the capacity of a node.
	node engine.Bytes
}

// learned is what is known of one function, in about 700 bytes. What every call
// needs lies in front, together.
type learned struct {
	calls int64
	// announced and not called yet; prepared: it has got a container all the same.
	announced, prepared bool
	// apart: it computes, and needs a node on which it has no container yet.
	apart bool
	// moved: its last container is removed to empty a node, and to be made elsewhere.
	moved     bool
	judged    bool
	execution mean
	cpu       mean // of calls alone; empty where it is not measured
	solo      mean // what they took
	memory    footprint
	share     sharing
	period    period
	// gaps hold for how long containers were idle: see levelOf. Most functions need
	// the first ones only.
	gaps       gaps
	further    [levels - 1]*gaps
	executions histogram

	cold   mean
	starts starts
	// fastest start seen lately.
	fastest time.Duration
	first   engine.Instant
	// crowd is of calls in company: their part of the container's CPU, and what they took.
	crowd struct{ cpu, took mean }
	debt  debt
}

// firstCalls of a function count for new ones.
const firstCalls = 4

// NewAdaptive checks the settings.
func NewAdaptive(cfg AdaptiveConfig) (*Adaptive, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Adaptive{cfg: cfg.withDefaults(), all: everything{pace: pace{limit: firstPace}}}, nil
}

func (*Adaptive) Name() string { return "adaptive" }

func (*Adaptive) Rules() engine.Rules { return engine.Rules{RetiresIdle: true} }

func (a *Adaptive) of(f *engine.FunctionView) *learned {
	i := f.Index
	for a.functions <= i {
		a.add().share = sharing{limit: 1, hold: firstProbe}
	}
	return &a.learned[i/block][i%block]
}

// add makes room for what is known of one more function.
func (a *Adaptive) add() *learned {
	i := a.functions
	if i%block == 0 {
		a.learned = append(a.learned, new([block]learned))
	}
	a.functions++
	return &a.learned[i/block][i%block]
}

// block is how many functions are kept in one piece.
const block = 16

// Announced has a first container made for a function that has never been called.
func (a *Adaptive) Announced(_ engine.Instant, f *engine.FunctionView) bool {
	l := a.of(f)
	if l.calls > 0 || !a.cfg.has(Prewarming) {
		return false
	}
	l.announced = true
	return true
}

func (a *Adaptive) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	l := a.of(f)
	if l.calls == 0 {
		l.first = now
		a.all.demand.functions++
	}
	l.calls++
	a.all.demand.calls++
	bursts := 0
	if f.InFlight+f.Waiting == 0 {
		l.period.arrived(now)
		bursts, _, _ = a.burst(l, f)
	}
	l.period.most = max(l.period.most, f.InFlight+f.Waiting+1)
	a.fetch(l, levelOf(f.Ready))
	return bursts > 1 // the next one is to be prepared for
}

// fetch reads a little of all that the call will need, as the engine does, so that
// it comes from memory side by side.
func (a *Adaptive) fetch(l *learned, level int) {
	a.fetched += int64(l.memory.floor) + l.gaps.rank + int64(l.executions.total)
	if level > 0 && l.further[level-1] != nil {
		a.fetched += l.further[level-1].rank
	}
}

func (a *Adaptive) Reused(_ engine.Instant, f *engine.FunctionView, gap time.Duration) {
	a.seen(a.of(f), levelOf(f.Ready-f.Idle+1), gap)
}

func (a *Adaptive) Expired(now engine.Instant, f *engine.FunctionView, idle time.Duration) {
	a.gone(now, f, idle)
}

func (a *Adaptive) Evicted(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView, _ int64) {
	a.all.turnover.add(now.Sub(c.IdleSince))
	a.all.displaced.evicted(now, a.penalty(a.of(f), f), max(a.Size(f).Booked, 1<<20))
	a.gone(now, f, now.Sub(c.IdleSince))
}

func (a *Adaptive) Returned(now engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	l := a.of(f)
	took := call.Duration
	if took <= 0 {
		took = call.Elapsed
	}
	switch call.Error { // how long an error took says little of a call
	case "":
		if l.execution.n < firstCalls {
			a.all.firsts.add(took)
		}
		l.execution.add(took)
		l.executions.add(took)
		a.all.demand.add(took, call.Size.Booked)
		a.all.usage.add(now, call.CPU)
		company := max(call.Started, call.Ended)
		l.memory.learn(company, call.Alone, call.MaxMemory)
		if !call.Alone && call.CPU > 0 {
			l.crowd.cpu.add(call.CPU / time.Duration(company))
			l.crowd.took.add(took)
		}
		if call.Alone {
			l.solo.add(took)
			if call.CPU > 0 {
				l.cpu.add(call.CPU)
				if l.cpu.n == knownCPU && !l.judged {
					l.judged = true
					a.all.judged++
					if a.computes(l, f.Spec.Memory) {
						a.all.computing++
					}
				}
			}
		}
	case engine.ErrorOutOfMemory:
		l.memory.exceeded(call.Size.Memory, f.Spec.Memory)
	}
	l.share.learn(a, l, f, call, took)
	return call.Size.Memory < a.limit(l, f) || a.replacement(now, f) > 0
}

func (a *Adaptive) Started(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView, took time.Duration) {
	l := a.of(f)
	if l.cold.n == 0 && a.all.cold.n > 0 { // one sample alone would be believed too much
		l.cold.add(a.coldStart(l))
	}
	l.cold.add(took)
	a.all.cold.add(took)
	a.all.displaced.created()
	l.starts.add(c.Prepared, took)
	a.all.starts.add(c.Prepared, took)
	a.all.pace.started(took, l.fastest)
	a.missed(now.Add(-took), l, f)
	if l.fastest == 0 || took < l.fastest {
		l.fastest = took
	} else {
		l.fastest += (took - l.fastest) / 64
	}
}

func (a *Adaptive) Reserved(now engine.Instant, took time.Duration) {
	a.all.reserve.add(took)
	a.all.came = now
}
