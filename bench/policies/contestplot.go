package policies

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/score"
)

// bar is a policy's score in its two parts, weighted.
type bar struct {
	name            string
	response, nodes float64
}

func (b bar) total() float64 { return b.response + b.nodes }

// longest is what a bar may have; a longer one is cut, and its score written at its end.
const longest = 2.0

// contestPlot shows the scores of a setting as bars, the best on top.
func (r *Results) contestPlot(s play.Setting) (string, error) {
	bars := r.bars(s)
	responses, nodes, names := make(plotter.Values, len(bars)), make(plotter.Values, len(bars)), make([]string, len(bars))
	most := 0.0
	for i, b := range bars {
		responses[i] = min(b.response, longest)
		nodes[i] = min(b.nodes, longest-responses[i])
		names[i] = b.name
		most = max(most, responses[i]+nodes[i])
	}
	p := newPlot()
	p.Title.Text = title(s) + ": score 0.75 RT + 0.25 ND, less is better"
	if err := addBars(p, responses, nodes); err != nil {
		return "", err
	}
	p.NominalY(names...)
	p.Y.Tick.Label.XAlign = draw.XRight
	p.X.Min, p.X.Max = 0, most*1.08
	p.Add(barEnds(bars))
	height := vg.Length(15*len(bars) + 60)
	return picture(620, height, func(dc draw.Canvas) { p.Draw(draw.Crop(dc, 4, -12, 4, -4)) })
}

// bars are in order of score, the worst first: plots grow upwards.
func (r *Results) bars(s play.Setting) []bar {
	var bars []bar
	for _, e := range r.plan.entrants(s) {
		b := bar{e.Policy, score.Main.Response * r.estimate(s, e, response).Mean, score.Main.Nodes * r.estimate(s, e, nodes).Mean}
		if !math.IsNaN(b.total()) {
			bars = append(bars, b)
		}
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(b.total(), a.total()) })
	return bars
}

func addBars(p *plot.Plot, responses, nodes plotter.Values) error {
	below, err := plotter.NewBarChart(responses, vg.Points(10))
	if err != nil {
		return err
	}
	above, err := plotter.NewBarChart(nodes, vg.Points(10))
	if err != nil {
		return err
	}
	below.Horizontal, below.Color, below.LineStyle.Width = true, ours, 0
	above.Horizontal, above.Color, above.LineStyle.Width = true, resources, 0
	above.StackOn(below)
	p.Add(below, above)
	p.Legend.Add("response time", below)
	p.Legend.Add("node time", above)
	p.Legend.TextStyle.Font = typeface(plainText)
	p.Legend.Top = true
	return nil
}

// barEnds writes the scores at the ends of the bars.
type barEnds []bar

// Plot implements plot.Plotter.
func (ends barEnds) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	style := text.Style{Color: others, Font: typeface(smallText), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
	for i, b := range ends {
		style, label := style, thousandths(b.total())
		if b.total() > longest {
			label = "→ " + label
		}
		if b.name == play.Adaptive {
			style.Color, style.Font = ours, typeface(plainText)
			label += " adaptive"
		}
		c.FillText(style, vg.Point{X: toX(min(b.total(), longest)) + vg.Points(3), Y: toY(float64(i))}, label)
	}
}
