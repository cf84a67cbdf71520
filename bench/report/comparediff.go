package report

import (
	"math"
	"slices"

	"github.com/minifaas/minifaas/bench/statistics"
)

// Difference is a figure of two sides.
type Difference struct {
	Figure    string  `json:"figure"`
	Reference float64 `json:"reference"`
	Other     float64 `json:"other"`
	// Ratio is other by reference, in the geometric mean over runs; null where a value
	// is not above 0, of which then there is the Change, other - reference. The intervals
	// are those of 95 % confidence, from low to high; null where runs are too few.
	Ratio          *float64  `json:"ratio"`
	RatioInterval  *interval `json:"ratio_interval"`
	Change         *float64  `json:"difference"`
	ChangeInterval *interval `json:"difference_interval"`
	// Paired: run by run, those of the same seed and repeat; Runs are the pairs, or the
	// runs of the side that has fewer.
	Paired bool `json:"paired"`
	Runs   int  `json:"runs"`
	// Verdict is lower, higher, noise, equal, or unknown: the runs are too few to tell.
	// It is what the interval says.
	Verdict string `json:"verdict"`
}

// interval is from low to high.
type interval [2]float64

// Verdicts.
const (
	lower   = "lower"
	higher  = "higher"
	noise   = "noise"
	equal   = "equal"
	unknown = "unknown"
)

// newDifference is false if one of the sides does not have the figure.
func newDifference(name string, of func(*telling) *float64, reference, other *Side) (Difference, bool) {
	a, b, paired := values(of, reference.runs, other.runs)
	d := Difference{Figure: name, Paired: paired, Runs: min(len(a), len(b))}
	if d.Runs == 0 {
		return d, false
	}
	d.Reference, d.Other = statistics.Of(a).Mean, statistics.Of(b).Mean
	var change statistics.Estimate
	if above0(a) && above0(b) {
		var ratio statistics.Ratio
		change, ratio = statistics.Compare(b, a, paired)
		d.Ratio, d.RatioInterval = &ratio.Mean, intervalOf(ratio.Low, ratio.High)
	} else {
		change = statistics.Difference(b, a, paired)
		d.Change, d.ChangeInterval = &change.Mean, intervalOf(change.Mean-change.Half, change.Mean+change.Half)
	}
	d.Verdict = verdict(change)
	if d.Runs > 1 && same(a, b, paired) {
		d.Verdict = equal
	}
	return d, true
}

// intervalOf is nil if it is not known.
func intervalOf(low, high float64) *interval {
	if math.IsNaN(low) || math.IsNaN(high) {
		return nil
	}
	return &interval{low, high}
}

func above0(values []float64) bool { return slices.Min(values) > 0 }

// same tells whether nothing differs: in any pair, or at all.
func same(a, b []float64, paired bool) bool {
	if paired {
		return slices.Equal(a, b)
	}
	all := slices.Concat(a, b)
	return slices.Min(all) == slices.Max(all)
}

func verdict(change statistics.Estimate) string {
	switch {
	case math.IsNaN(change.Half):
		return unknown
	case !change.Sure():
		return noise
	case change.Mean < 0:
		return lower
	default:
		return higher
	}
}
