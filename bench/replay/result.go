package replay

import (
	"errors"
	"maps"
	"time"

	"github.com/minifaas/minifaas/bench/score"
)

// Result is what a replay found.
type Result struct {
	Workload string
	// Notes say what was assumed, bent or missing.
	Notes []string
	// Partial: the replay was interrupted.
	Partial bool
	// FirstCall is when the first call was to be sent, Grace how long after the
	// run's start that was, and Duration how long the load went on from there.
	FirstCall       time.Time
	Grace, Duration time.Duration
	// Total is of all functions. Functions are in the workload's order.
	Total     Summary
	Functions []Summary
	// Unanswered calls were given up when the replay was interrupted; they are
	// counted nowhere else.
	Unanswered int
	// Failures by kind, see Record.Error.
	Failures map[string]int
	// Lateness of the sender, and the worst of it.
	Lateness    Latency
	MaxLateness time.Duration
	// Nodes is nil if the ResourceManager was not asked or did not answer.
	Nodes *NodeUsage

	// Counted is what each function's calls count in the contest's score.
	Counted []score.Function
}

// Summary is how the calls of one function went.
type Summary struct {
	Name       string
	Calls      int
	Failures   int
	ColdStarts int
	// Schedule and Execution are of successful calls, Response is of all that were sent.
	Schedule, Execution, Response Latency
}

// Score is what of the result counts in the contest's score. It is an error if
// that would be unfair to compare: a partial result, or one without node time.
func (r *Result) Score() (score.Run, error) {
	if r.Partial {
		return score.Run{}, errors.New("the replay was interrupted")
	}
	if r.Nodes == nil {
		return score.Run{}, errors.New("there are no node figures")
	}
	return score.Run{Functions: r.Counted, NodeTime: r.Nodes.Time}, nil
}

// result is what has been counted so far.
func (t *tally) result() *Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Result{
		Unanswered: t.unanswered, Failures: maps.Clone(t.failures),
		Lateness: t.lateness.latency(), MaxLateness: t.latest,
	}
	all := newFunctionTally("total")
	for i := range t.functions {
		f := &t.functions[i]
		r.Functions = append(r.Functions, f.finish())
		r.Counted = append(r.Counted, f.counted)
		all.summary.Calls += f.summary.Calls
		all.summary.Failures += f.summary.Failures
		all.summary.ColdStarts += f.summary.ColdStarts
		all.schedule.merge(f.schedule)
		all.execution.merge(f.execution)
		all.response.merge(f.response)
	}
	r.Total = all.finish()
	return r
}

func (f *functionTally) finish() Summary {
	s := f.summary
	s.Schedule, s.Execution, s.Response = f.schedule.latency(), f.execution.latency(), f.response.latency()
	return s
}

// flush writes out the raw records and reports the first error in doing so.
func (t *tally) flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw == nil {
		return nil
	}
	return t.raw.flush()
}
