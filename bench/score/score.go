// Package score compares a run of a workload with a run of the same workload
// under the baseline scheduler, by the contest's formula:
//
//	score = W1 · mean over functions (RT / RT of the baseline) + W2 · (ND / ND of the baseline)
//
// Lower is better, and the baseline scores 1. RT is the sum over a function's
// calls of schedule latency and execution time; every function weighs the same,
// however often it is called. ND is the sum over nodes of the time from reserve
// to release, within the run.
//
// So that failing fast is no gain, a failed call counts the time until it
// failed, but at least the mean of its function's successful calls in that run;
// a function with no successful call counts 60 s a call. A function that the
// baseline never served is left out.
package score

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Weights of response time and of node time. Their sum is 1.
type Weights struct{ Response, Nodes float64 }

// The contest never published its weights; these two are reported, Main first.
var (
	Main = Weights{Response: 0.75, Nodes: 0.25}
	Even = Weights{Response: 0.5, Nodes: 0.5}
)

const (
	// neverServed is what each call of a function counts that no call of was successful.
	neverServed = 60 * time.Second
	// Penalty is for a run with more than toleratedFailures of its calls failed.
	// It is no part of the score: whoever shows the one shows the other.
	Penalty           = 10.0
	toleratedFailures = 0.001
)

// Function is what counts of one function in one run.
type Function struct {
	Name string
	// Succeeded is the number of successful calls, and ResponseTime the sum of their schedule
	// latencies and execution times.
	Succeeded    int
	ResponseTime time.Duration
	// Failed has for each failed call the time until it failed.
	Failed []time.Duration
}

// Run is what counts of one run. NodeTime is ND.
type Run struct {
	Functions []Function
	NodeTime  time.Duration
}

// calls is the number of calls of the function, failed ones too.
func (f Function) calls() int { return f.Succeeded + len(f.Failed) }

// total is RT.
func (f Function) total() time.Duration {
	if f.Succeeded == 0 {
		return time.Duration(len(f.Failed)) * neverServed
	}
	mean := f.ResponseTime / time.Duration(f.Succeeded)
	sum := f.ResponseTime
	for _, d := range f.Failed {
		sum += max(d, mean)
	}
	return sum
}

// Penalty is Penalty if too many of the run's calls failed, else 0.
func (r Run) Penalty() float64 {
	calls, failed := 0, 0
	for _, f := range r.Functions {
		calls += f.calls()
		failed += len(f.Failed)
	}
	if float64(failed) > toleratedFailures*float64(calls) {
		return Penalty
	}
	return 0
}

// Ratio is RT of a function by RT of the baseline.
type Ratio struct {
	Function string
	Value    float64
}

// Comparison is how a run did against the baseline.
type Comparison struct {
	// Ratios are in order of the functions' names.
	Ratios []Ratio
	// LeftOut names the functions that the baseline never served.
	LeftOut []string
	// NodeRatio is ND by ND of the baseline.
	NodeRatio float64
	// Penalty of the run.
	Penalty float64
}

// Compare sets a run against the baseline's. It is an error if they did not
// play the same calls, or if the baseline leaves nothing to compare with.
func Compare(run, baseline Run) (Comparison, error) {
	var c Comparison
	if baseline.NodeTime <= 0 {
		return c, errors.New("compare runs: the baseline used no node time")
	}
	c.NodeRatio = run.NodeTime.Seconds() / baseline.NodeTime.Seconds()
	c.Penalty = run.Penalty()

	byName := make(map[string]Function)
	for _, f := range run.Functions {
		byName[f.Name] = f
	}
	if len(byName) != len(baseline.Functions) {
		return c, fmt.Errorf("compare runs: %d functions against %d of the baseline: not the same workload",
			len(byName), len(baseline.Functions))
	}
	for _, base := range baseline.Functions {
		f := byName[base.Name]
		if f.calls() != base.calls() {
			return c, fmt.Errorf("compare runs: %s: %d calls against %d of the baseline: not the same workload",
				base.Name, f.calls(), base.calls())
		}
		switch {
		case base.calls() == 0: // never called: nothing to compare
		case base.Succeeded == 0 || base.total() <= 0:
			c.LeftOut = append(c.LeftOut, base.Name)
		default:
			c.Ratios = append(c.Ratios, Ratio{base.Name, f.total().Seconds() / base.total().Seconds()})
		}
	}
	if len(c.Ratios) == 0 {
		return c, errors.New("compare runs: the baseline served no function")
	}
	slices.Sort(c.LeftOut)
	slices.SortFunc(c.Ratios, func(a, b Ratio) int { return cmp.Compare(a.Function, b.Function) })
	return c, nil
}

// Score is the score under the weights, without the penalty.
func (c Comparison) Score(w Weights) float64 {
	var sum float64
	for _, r := range c.Ratios {
		sum += r.Value
	}
	return w.Response*sum/float64(len(c.Ratios)) + w.Nodes*c.NodeRatio
}
