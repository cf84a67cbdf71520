package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/portable"
)

// Result is what a simulation found. docs/simulator.md defines the figures.
type Result struct {
	Workload *trace.Workload
	Policy   string
	Seed     uint64
	// Partial: it was interrupted. Unanswered calls had no outcome by then and are
	// counted nowhere else.
	Partial    bool
	Unanswered int
	// Played is how much of the load was played.
	Played time.Duration

	// Total is of all functions. Functions are in the workload's order.
	Total     Summary
	Functions []Summary
	// Failures by kind.
	Failures map[string]int
	// P99SlowdownGeomean is the geometric mean over functions of the 99th
	// percentile of a function's slowdowns; 0 if nothing was called.
	P99SlowdownGeomean float64
	// NormalizedMemory is the containers' memory-time by that of the calls alone; 0
	// if the calls need none.
	NormalizedMemory float64

	NodeTime                           time.Duration
	Reservations, PeakNodes, NodesLost int
	// Created containers were begun to be created. Of these, Removed were removed by
	// the engine, Evicted among them to make room, and Killed died for want of memory.
	Created, Removed, Evicted, Killed int

	// Counted is what each function's calls count in the contest's score.
	Counted []score.Function
	// Samples are taken at even distances over the load.
	Samples []Sample
	// Steps of the engine, and the hash of its history.
	Steps int
	Hash  uint64
}

// Summary is how the calls of one function went.
type Summary struct {
	Name     string
	Calls    int
	Failures int
	// ColdStarts waited for a container that was created; Waits are other calls
	// that were granted later than at once.
	ColdStarts, Waits int
	// Schedule is of granted calls. Response is of all; a failed one counts 60 s at least.
	Schedule, Response Latency
	// MeanSlowdown and P99Slowdown are of the calls' slowdowns.
	MeanSlowdown, P99Slowdown float64
}

// Latency is a distribution in four figures, 0 if there was nothing to measure.
type Latency struct{ Mean, P50, P99, Max time.Duration }

// Score is what of the result counts in the contest's score. It is an error if
// that would be unfair to compare: a partial result.
func (r *Result) Score() (score.Run, error) {
	if r.Partial {
		return score.Run{}, fmt.Errorf("the simulation of %s was interrupted", r.Policy)
	}
	return score.Run{Functions: r.Counted, NodeTime: r.NodeTime}, nil
}

// HistoryHash is the hash as text: 16 hexadecimal digits.
func (r *Result) HistoryHash() string { return fmt.Sprintf("%016x", r.Hash) }

// result is what has been counted.
func (w *world) result() *Result {
	m := &w.meter
	m.close(w)
	r := &Result{
		Workload: w.cfg.Workload, Policy: w.cfg.Policy.Name(), Seed: w.cfg.Seed,
		Partial: m.partial, Unanswered: w.calls.open, Played: min(w.now, m.length),
		Failures: map[string]int{},
		NodeTime: m.nodeTime, Reservations: m.reservations, PeakNodes: m.peakNodes, NodesLost: m.nodesLost,
		Created: m.created, Removed: m.removed, Evicted: w.policy.evicted, Killed: m.killed,
		Samples: m.samples, Steps: m.steps, Hash: w.engine.Hash(),
	}
	if m.busy > 0 {
		r.NormalizedMemory = m.containerByteSeconds / m.busy
	}
	w.summarize(r)
	return r
}

// summarize fills in what the calls of each function and of all amount to.
func (w *world) summarize(r *Result) {
	all, logs, called := newTally(w.calls.arrived), 0.0, 0
	for i, f := range w.cfg.Workload.Functions {
		t := &w.tallies[i]
		all.merge(t)
		s := t.summary(f.Name)
		r.Functions = append(r.Functions, s)
		r.Counted = append(r.Counted, score.Function{
			Name: f.Name, Succeeded: t.endings[succeeded], ResponseTime: t.counted, Failed: t.failed,
		})
		if s.Calls > 0 {
			logs += portable.Log(s.P99Slowdown)
			called++
		}
	}
	r.Total = all.summary("total")
	if called > 0 {
		r.P99SlowdownGeomean = portable.Exp(logs / float64(called))
	}
	for how := succeeded + 1; how < endings; how++ {
		if n := all.endings[how]; n > 0 {
			r.Failures[endingNames[how]] = n
		}
	}
}

func (t *tally) merge(o *tally) {
	t.calls += o.calls
	t.cold += o.cold
	t.waits += o.waits
	for i, n := range o.endings {
		t.endings[i] += n
	}
	t.schedule = append(t.schedule, o.schedule...)
	t.response = append(t.response, o.response...)
	t.slowdown = append(t.slowdown, o.slowdown...)
}

// summary sorts what the tally holds.
func (t *tally) summary(name string) Summary {
	s := Summary{
		Name: name, Calls: t.calls, Failures: t.calls - t.endings[succeeded], ColdStarts: t.cold, Waits: t.waits,
		Schedule: latency(t.schedule), Response: latency(t.response),
	}
	if n := len(t.slowdown); n > 0 {
		slices.Sort(t.slowdown) // so that the sum does not depend on the calls' order
		sum := 0.0
		for _, v := range t.slowdown {
			sum += v
		}
		s.MeanSlowdown, s.P99Slowdown = sum/float64(n), t.slowdown[rank(n, 99)]
	}
	return s
}

func latency(of []time.Duration) Latency {
	n := len(of)
	if n == 0 {
		return Latency{}
	}
	slices.Sort(of)
	sum := time.Duration(0)
	for _, d := range of {
		sum += d
	}
	return Latency{Mean: sum / time.Duration(n), P50: of[rank(n, 50)], P99: of[rank(n, 99)], Max: of[n-1]}
}

// rank is where a percentile is among n sorted values: the smallest value that
// so many percent do not exceed.
func rank(n, percentile int) int { return (n*percentile+99)/100 - 1 }
