package htmlreport

import (
	"html/template"
	"math"
	"strconv"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
)

// heatBounds are the ratios at which the heat's colours change: class h0 is up
// to the first, and one more is beyond the last.
var heatBounds = []float64{1.1, 1.5, 2, 3, 5, 10, 30}

const (
	heatWidth, heatLeft = 600.0, 128.0
	heatColumns         = 150 // more would not be told apart
	heatLabelPitch      = 13.0
)

// functionRow is a function, in the order in which all maps and tables have it.
type functionRow struct {
	Name string
	// best is the least median response time that a scheduler reached, in ms: what heat is
	// measured by. 0 if there is none.
	best float64
	// of are the figures of each entrant's shown run; nil where it has none.
	of []*report.ContestFunction
}

// functions are those of all runs, in the workload's order.
func (c *contest) functions() []*functionRow {
	var rows []*functionRow
	byName := map[string]*functionRow{}
	for i, e := range c.entrants {
		for j := range e.shown.Functions {
			f := &e.shown.Functions[j]
			row := byName[f.Name]
			if row == nil {
				row = &functionRow{Name: f.Name, of: make([]*report.ContestFunction, len(c.entrants))}
				byName[f.Name] = row
				rows = append(rows, row)
			}
			row.of[i] = f
			if f.ResponseP50MS > 0 && (row.best == 0 || f.ResponseP50MS < row.best) {
				row.best = f.ResponseP50MS
			}
		}
	}
	return rows
}

// heat is an entrant's map: a row a function, a column a slice of time, the
// colour says by how much calls were slower than the function's best median.
func (c *contest) heat(entrant int, rows []*functionRow) (svg template.HTML, drawn bool) {
	e := c.entrants[entrant]
	pitch := min(max(360/float64(max(len(rows), 1)), 3), 16)
	bottom := pitch * float64(len(rows))
	x := c.timeScale(heatLeft, heatWidth-10)
	step := e.shown.Series.StepSeconds
	bin := max(1, int(math.Ceil(x.High/max(step, 1e-3)/heatColumns)))
	cells := make([]plot.Path, len(heatBounds)+1)
	for i, row := range rows {
		f := row.of[entrant]
		if f == nil || row.best == 0 {
			continue
		}
		top := pitch * float64(i)
		for begin := 0; begin < len(f.Heat); begin += bin {
			end := min(begin+bin, len(f.Heat))
			if mean, some := meanOf(f.Heat[begin:end]); some {
				from, to := x.At(float64(begin)*step), x.At(float64(begin+bin)*step)
				cells[heatClass(mean/row.best)].Box(from, top, to-from, pitch)
				drawn = true
			}
		}
	}
	p := plot.New(heatWidth, bottom+22)
	p.Rect("ground", x.From, 0, x.To-x.From, bottom, "")
	for i := range cells {
		p.Path("cell h"+strconv.Itoa(i), &cells[i])
	}
	for i, every := 0, int(math.Ceil(heatLabelPitch/pitch)); i < len(rows); i += every {
		p.Text("y", heatLeft-6, pitch*(float64(i)+0.5)+4, clip(rows[i].Name, 18))
	}
	for _, v := range x.Ticks(6) {
		p.Text("x", x.At(v), bottom+16, secondsLabel(v))
	}
	return picture(p, "plot heat", e.Name+": response time of each function over time, by the function's best median",
		e.run(), plot.Attr{Name: "data-x", Value: scaleData(x)},
		plot.Attr{Name: "data-row", Value: plot.Number(pitch)}, plot.Attr{Name: "data-bin", Value: strconv.Itoa(bin)}), drawn
}

// meanOf is the mean of the steps with calls.
func meanOf(steps []float64) (mean float64, some bool) {
	sum, n := 0.0, 0
	for _, v := range steps {
		if v > 0 {
			sum += v
			n++
		}
	}
	return sum / float64(max(n, 1)), n > 0
}

func heatClass(ratio float64) int {
	for i, bound := range heatBounds {
		if ratio <= bound {
			return i
		}
	}
	return len(heatBounds)
}

// heatKey is a colour of the legend.
type heatKey struct{ Class, Label string }

func heatLegend() []heatKey {
	var keys []heatKey
	for i, bound := range heatBounds {
		keys = append(keys, heatKey{"h" + strconv.Itoa(i), "≤ " + strconv.FormatFloat(bound, 'g', -1, 64)})
	}
	last := len(heatBounds)
	return append(keys, heatKey{"h" + strconv.Itoa(last), "> " + strconv.FormatFloat(heatBounds[last-1], 'g', -1, 64)})
}
