package htmlreport

import (
	"math"
	"strconv"
)

// scoreTable is what the page's first table shows.
type scoreTable struct {
	Figures []figure
	Rows    []scoreRow
}

type scoreRow struct {
	Entrant *entrant
	Cells   []cell
}

// cell is a figure in words. Value is what rows are sorted by.
type cell struct {
	Key, Mean, Half string
	Value           float64
	Best            bool
}

// Sort is the value for scripts; empty for none.
func (c cell) Sort() string { return sortable(c.Value) }

func sortable(v float64) string {
	if math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// scoreTable has the means of all figures. The best of each is marked, among those who
// served all calls: who fails early needs little.
func (c *contest) scoreTable() scoreTable {
	t := scoreTable{Figures: figures, Rows: make([]scoreRow, len(c.entrants))}
	for i, e := range c.entrants {
		t.Rows[i] = scoreRow{e, make([]cell, len(figures))}
	}
	for column, f := range figures {
		best := math.Inf(1)
		for i, e := range c.entrants {
			mean, known := f.over(e)
			cell := cell{Key: f.Key, Mean: "–", Value: math.Inf(1)}
			if known {
				cell.Mean, cell.Value = f.write(mean.Mean), mean.Mean
				if mean.Half > 0 {
					cell.Half = f.write(mean.Half)
				}
				if e.clean() {
					best = min(best, mean.Mean)
				}
			}
			t.Rows[i].Cells[column] = cell
		}
		c.markBest(t.Rows, column, best)
	}
	return t
}

// markBest marks the best of a column, unless all are the same.
func (c *contest) markBest(rows []scoreRow, column int, best float64) {
	differ := false
	for i := range rows {
		differ = differ || rows[i].Cells[column].Value != best
	}
	for i, e := range c.entrants {
		cell := &rows[i].Cells[column]
		cell.Best = differ && e.clean() && cell.Value == best
	}
}
