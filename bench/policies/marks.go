package policies

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marks draw points and their names. The names stand to the right of the plot,
// in the points' order of height, each joined to its point by a hairline: that
// keeps them legible where points crowd.
type marks struct {
	x, y   span
	points []mark
}

type mark struct {
	point
	glyph draw.GlyphStyle
	// label may differ from the point's name in type only.
	style text.Style
}

// nameColumn is the room that names need to the right of a plot.
const nameColumn = 118

// placed is a mark on the canvas.
type placed struct {
	mark
	at    vg.Point
	label vg.Length // height of its name
}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	all := make([]placed, len(m.points))
	for i, mark := range m.points {
		x, xShown := m.x.clamp(mark.x)
		y, yShown := m.y.clamp(mark.y)
		switch {
		case !yShown && !xShown:
			mark.name += " (" + digits(mark.x) + ", " + digits(mark.y) + ")"
		case !yShown:
			mark.name += " ↑ " + digits(mark.y)
		case !xShown:
			mark.name += " → " + digits(mark.x)
		}
		all[i] = placed{mark: mark, at: vg.Point{X: toX(x), Y: toY(y)}}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(b.at.Y, a.at.Y) })
	spread(all, c.Min.Y, c.Max.Y, smallText+0.5)
	hairline := draw.LineStyle{Color: hair, Width: vg.Points(0.4)}
	left := c.Max.X + vg.Points(10)
	for _, m := range all {
		c.StrokeLine2(hairline, m.at.X, m.at.Y, left-vg.Points(2), m.label)
	}
	for _, m := range all {
		c.DrawGlyphNoClip(m.glyph, m.at)
		c.FillText(m.style, vg.Point{X: left, Y: m.label}, m.name)
	}
}

// spread gives names, from top to bottom, places near their points that are
// apart, within low and high as far as there is room.
func spread(all []placed, low, high, apart vg.Length) {
	next := high
	for i := range all {
		all[i].label = min(all[i].at.Y, next)
		next = all[i].label - apart
	}
	next = low
	for i := len(all) - 1; i >= 0; i-- {
		all[i].label = max(all[i].label, next)
		next = all[i].label + apart
	}
}
