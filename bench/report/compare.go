package report

import (
	"errors"
	"io"
	"math"

	"github.com/minifaas/minifaas/bench/statistics"
)

// Difference is a figure of two sides.
type Difference struct {
	Figure    string  `json:"figure"`
	Reference float64 `json:"reference"`
	Other     float64 `json:"other"`
	// Ratio is other by reference, with the half width of its 95 % confidence interval; null
	// where that is not known: by 0, or of a single run.
	Ratio *float64 `json:"ratio"`
	Half  *float64 `json:"ratio_ci95"`
	// Paired: run by run, those of the same seed and repeat; Runs are the pairs, or the
	// runs of the side that has fewer.
	Paired bool `json:"paired"`
	Runs   int  `json:"runs"`
	// Verdict is lower, higher, noise, equal, or unknown: one run can't tell.
	Verdict string `json:"verdict"`
}

// Verdicts.
const (
	lower   = "lower"
	higher  = "higher"
	noise   = "noise"
	equal   = "equal"
	unknown = "unknown"
)

// comparison is all figures of one side against the reference.
type comparison struct {
	Workload  string `json:"workload"`
	Reference string `json:"reference"`
	Other     string `json:"other"`
	// Unlike is what else differs between the sides, in words: how they were played.
	Unlike      []string     `json:"unlike,omitempty"`
	Differences []Difference `json:"differences"`
}

// Compare writes each side against its reference: that of the same name in an
// earlier file, else the first of all that is not the baseline. It is an error if there is
// nothing to compare.
func Compare(w io.Writer, format Format, sides []Side) error {
	all := []comparison{}
	for i := range sides {
		reference := referenceOf(sides, i)
		if reference == nil {
			continue
		}
		side := &sides[i]
		c := comparison{Workload: side.Workload, Reference: reference.title(side), Other: side.title(reference), Unlike: unlike(reference, side)}
		for _, f := range figures {
			if d, ok := newDifference(f.name, f.of, reference, side); ok {
				c.Differences = append(c.Differences, d)
			}
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return errors.New("compare: there are no two schedulers of the same workload: want two files, or one with several")
	}
	if format == JSON {
		return writeJSON(w, struct {
			Comparisons []comparison `json:"comparisons"`
		}{all})
	}
	p := &page{w: w}
	for i, c := range all {
		if i > 0 {
			p.printf("\n")
		}
		p.comparison(c)
	}
	p.printf("\nLower is better in every figure. ± is the 95 %% confidence interval over repeats, by Student's t.\n")
	return p.done()
}

// referenceOf is what a side is compared with; nil for the first of its kind.
func referenceOf(sides []Side, i int) *Side {
	side := &sides[i]
	var lead *Side
	for j := range sides {
		other := &sides[j]
		if other.Workload != side.Workload {
			continue
		}
		if j < i && other.Name == side.Name {
			return other
		}
		if lead == nil || lead.isBaseline() && !other.isBaseline() {
			lead = other
		}
	}
	if lead == side {
		return nil
	}
	return lead
}

// title is short where that is clear.
func (s *Side) title(other *Side) string {
	switch {
	case s.File == other.File:
		return s.Name
	case s.Name == other.Name || s.Name == s.File:
		return s.File
	default:
		return s.Name + " of " + s.File
	}
}

// newDifference is false if one of the sides does not have the figure.
func newDifference(name string, of func(*telling) *float64, reference, other *Side) (Difference, bool) {
	a, b, paired := values(of, reference.runs, other.runs)
	d := Difference{Figure: name, Paired: paired, Runs: min(len(a), len(b))}
	if d.Runs == 0 {
		return d, false
	}
	d.Reference, d.Other = statistics.Of(a).Mean, statistics.Of(b).Mean
	difference := statistics.Unpaired(b, a)
	if paired {
		difference = statistics.Paired(b, a)
	}
	if d.Reference > 0 {
		ratio := d.Other / d.Reference
		d.Ratio = &ratio
		if half := statistics.RatioHalf(b, a, paired); !math.IsNaN(half) {
			d.Half = &half
		}
	}
	d.Verdict = verdict(difference)
	return d, true
}

func verdict(difference statistics.Estimate) string {
	switch {
	case math.IsNaN(difference.Half):
		return unknown
	case difference == statistics.Estimate{}:
		return equal
	case !difference.Sure():
		return noise
	case difference.Mean < 0:
		return lower
	default:
		return higher
	}
}
