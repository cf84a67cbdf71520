package report

import (
	"errors"
	"io"
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
	p.printf("\nLower is better in every figure. Ratios are geometric means over repeats; a change with a sign is a difference, where a figure is 0.\n" +
		"In brackets: the 95 %% confidence interval, by Student's t. The verdict is whether it leaves out no change.\n")
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
