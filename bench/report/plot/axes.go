package plot

// Axes are a grid with the values of its lines. X and Y say where it is.
type Axes struct {
	X, Y           Scale
	XTicks, YTicks int // at most so many
	XLabel, YLabel func(float64) string
}

// Axes draws them, in classes axes, rule, x and y.
func (p *Picture) Axes(a Axes) {
	const apart = 6 // of labels from the grid
	p.Open("axes")
	for _, v := range a.Y.Ticks(a.YTicks) {
		y := a.Y.At(v)
		p.Line("rule", a.X.From, y, a.X.To, y)
		p.Text("y", a.X.From-apart, y+4, a.YLabel(v))
	}
	for _, v := range a.X.Ticks(a.XTicks) {
		x := a.X.At(v)
		p.Line("rule", x, a.Y.From, x, a.Y.To)
		p.Text("x", x, a.Y.From+3*apart, a.XLabel(v))
	}
	p.Close()
}
