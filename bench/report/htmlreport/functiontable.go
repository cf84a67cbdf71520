package htmlreport

import (
	"fmt"
	"math"

	"github.com/minifaas/minifaas/bench/report"
)

// functionLine is a function with a cell for each entrant.
type functionLine struct {
	Name  string
	Calls int
	Cells []functionCell
}

// CallsText is the number of calls with commas.
func (l functionLine) CallsText() string { return digits(float64(l.Calls)) }

// functionTable has the functions in the order of the maps.
func (c *contest) functionTable() []functionLine {
	var lines []functionLine
	for _, row := range c.functions() {
		line := functionLine{Name: row.Name}
		for _, f := range row.of {
			line.Cells = append(line.Cells, newFunctionCell(f))
			if f != nil {
				line.Calls = max(line.Calls, f.Calls)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// functionCell is a function's response time by the baseline's, and its own.
type functionCell struct {
	// Ratio is a dash and Value infinite where there is none.
	Ratio string
	Value float64
	// Tint is the class of the ground.
	Tint string
	// Mean and Failures stand by the ratio; Detail is shown when pointed at.
	Mean, Failures, Detail string
}

// Sort is the value for scripts; empty for none.
func (c functionCell) Sort() string { return sortable(c.Value) }

func newFunctionCell(f *report.ContestFunction) functionCell {
	cell := functionCell{Ratio: "–", Value: math.Inf(1)}
	if f == nil {
		return cell
	}
	if mean := f.Time(f.ResponseMeanMS); mean != nil {
		cell.Mean = millis(*mean)
		cell.Detail = fmt.Sprintf("p50 %s, p99 %s, %s", millis(f.ResponseP50MS), millis(f.ResponseP99MS), plural(f.ColdStarts, "cold start"))
	}
	if f.Failures > 0 {
		cell.Failures = digits(float64(f.Failures)) + " failed"
	}
	if f.ResponseRatio != nil {
		cell.Ratio, cell.Value, cell.Tint = thousandths(*f.ResponseRatio), *f.ResponseRatio, tint(*f.ResponseRatio)
	}
	return cell
}

// tint is by how much a ratio is off 1, to either side alike: 10 %, 1.5 and 3 times.
func tint(ratio float64) string {
	name := "slower"
	if ratio < 1 {
		name, ratio = "faster", 1/ratio
	}
	switch {
	case ratio < 1.1:
		return ""
	case ratio < 1.5:
		return name + "1"
	case ratio < 3:
		return name + "2"
	default:
		return name + "3"
	}
}
