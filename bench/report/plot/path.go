package plot

// Path is the d of an SVG path.
type Path struct{ d []byte }

// MoveTo begins a stroke.
func (p *Path) MoveTo(x, y float64) { p.add('M', x, y) }

// LineTo goes on to a point.
func (p *Path) LineTo(x, y float64) { p.add('L', x, y) }

// AcrossTo goes on to the left or right.
func (p *Path) AcrossTo(x float64) { p.add('H', x) }

// DownTo goes on up or down.
func (p *Path) DownTo(y float64) { p.add('V', y) }

// Box adds a rectangle.
func (p *Path) Box(x, y, width, height float64) {
	p.MoveTo(x, y)
	p.AcrossTo(x + width)
	p.DownTo(y + height)
	p.AcrossTo(x)
	p.Shut()
}

// Shut goes back to where the stroke began.
func (p *Path) Shut() { p.d = append(p.d, 'z') }

func (p *Path) String() string { return string(p.d) }

func (p *Path) add(command byte, numbers ...float64) {
	p.d = append(p.d, command)
	for i, v := range numbers {
		if i > 0 {
			p.d = append(p.d, ' ')
		}
		p.d = appendNumber(p.d, v)
	}
}

// Steps draws values that hold from one place to the next: values[i] from
// x.At(i) to x.At(i+1). Where a value stays, nothing is written.
func Steps(values []float64, x, y Scale) *Path {
	var p Path
	for i, v := range values {
		switch {
		case i == 0:
			p.MoveTo(x.At(0), y.At(v))
		case v != values[i-1]:
			p.AcrossTo(x.At(float64(i)))
			p.DownTo(y.At(v))
		}
	}
	if len(values) > 0 {
		p.AcrossTo(x.At(float64(len(values))))
	}
	return &p
}
