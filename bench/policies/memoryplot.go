package policies

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/minifaas/minifaas/bench/policies/play"
)

// memoryPlot has a panel for each size of the node, two in a row: a figure by
// normalised memory.
func (r *Results) memoryPlot(g memoryGroup, y figure) (string, error) {
	const columns, panelHeight, width = 2, 230, 880
	rows := (len(g.settings) + columns - 1) / columns
	panels := make([]*plot.Plot, len(g.settings))
	for i, s := range g.settings {
		var err error
		if panels[i], err = r.panel(s, y, g.swept); err != nil {
			return "", err
		}
	}
	return picture(width, vg.Length(panelHeight*rows), func(dc draw.Canvas) {
		tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 8, PadY: 10, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4}
		for i, p := range panels {
			p.Draw(draw.Crop(tiles.At(dc, i%columns, i/columns), 0, -nameColumn, 0, 0))
		}
	})
}

// panel is one setting: the published policies are points, adaptive is a curve
// over its exchange rate.
func (r *Results) panel(s play.Setting, y figure, swept bool) (*plot.Plot, error) {
	curve := []point{r.point(s, adaptive, y)}
	if swept {
		curve = nil
		for _, rate := range rates() {
			curve = append(curve, r.point(s, at(rate), y))
		}
	}
	var xs, ys, otherXs, otherYs []float64
	for _, p := range curve {
		xs, ys = append(xs, p.x), append(ys, p.y)
	}
	m := marks{points: []mark{newMark(r.point(s, adaptive, y), ours, draw.CircleGlyph{}, 3.2)}}
	for _, e := range r.plan.entrants(s) {
		p := r.point(s, e, y)
		switch e.Policy {
		case play.Adaptive:
		case play.Oracle:
			m.points = append(m.points, newMark(p, limits, draw.PyramidGlyph{}, 3.5))
			xs, ys = append(xs, p.x), append(ys, p.y)
		default:
			m.points = append(m.points, newMark(p, others, draw.CrossGlyph{}, 2.2))
			otherXs, otherYs = append(otherXs, p.x), append(otherYs, p.y)
		}
	}
	m.x, m.y = spanOf(xs, otherXs, 2), spanOf(ys, otherYs, 10)

	p := newPlot()
	p.Title.Text = "node memory " + size(s)
	p.X.Label.Text, p.Y.Label.Text = "normalised memory", y.name
	m.x.set(&p.X)
	m.y.set(&p.Y)
	line, dots, err := plotter.NewLinePoints(coordinates(curve))
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = ours, vg.Points(1.6)
	dots.GlyphStyle = draw.GlyphStyle{Color: ours, Radius: vg.Points(1.6), Shape: draw.CircleGlyph{}}
	p.Add(line, dots, m)
	return p, nil
}

// point is where a panel shows an entrant. A logarithmic axis has no 0: no cold
// start is shown as one.
func (r *Results) point(s play.Setting, e play.Entrant, y figure) point {
	return point{e.Policy, max(r.estimate(s, e, memory).Mean, 0.01), max(r.estimate(s, e, y).Mean, 1)}
}

func newMark(p point, c color.Color, shape draw.GlyphDrawer, radius vg.Length) mark {
	style := text.Style{Color: c, Font: typeface(smallText), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
	if c == ours {
		style.Font = typeface(smallText + 1.5)
	}
	return mark{p, draw.GlyphStyle{Color: c, Radius: radius, Shape: shape}, style}
}

func coordinates(points []point) plotter.XYs {
	xys := make(plotter.XYs, len(points))
	for i, p := range points {
		xys[i] = plotter.XY{X: p.x, Y: p.y}
	}
	return xys
}
