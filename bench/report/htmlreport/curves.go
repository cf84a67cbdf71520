package htmlreport

import (
	"math"
	"strconv"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
)

const (
	curvesWidth, curvesHeight = 600.0, 340.0
	// leastShare is what the tail's axis can show: one call in 100,000.
	leastShare = 1e-5
)

// curves are the response times of all calls, by scheduler: the share of calls that
// had ended after so long or, as a tail, that had not. Scripts redraw the paths
// for single functions: page.js does as trace does.
func (c *contest) curves(tail bool) (p *plot.Picture, attrs []plot.Attr) {
	x := plot.Scale{Low: math.Inf(1), From: 64, To: curvesWidth - 16, Log: true}
	calls := 1
	for _, e := range c.entrants {
		for _, point := range e.shown.Response {
			x.Low, x.High = min(x.Low, max(point.MS, 0.01)), max(x.High, point.MS)
		}
		calls = max(calls, e.shown.Calls)
	}
	x.Low, x.High = x.Low*0.9, x.High*1.1
	if !(x.Low < x.High) {
		x.Low, x.High = 1, 1000
	}
	y := plot.Scale{High: 1, From: curvesHeight - 30, To: 10}
	if tail {
		y.Low, y.Log = max(leastShare, min(0.1, 1/float64(calls))), true
	}
	p = plot.New(curvesWidth, curvesHeight)
	p.Axes(plot.Axes{X: x, Y: y, YTicks: 6, XLabel: millis, YLabel: percent})
	for _, e := range c.entrants {
		p.Open(e.Look, e.attr())
		p.Path("curve", trace(e.shown.Response, x, y, tail), e.run())
		p.Close()
	}
	p.Line("cursor", 0, y.From, 0, y.To)
	kind := "cdf"
	if tail {
		kind = "tail"
	}
	return p, []plot.Attr{
		{Name: "data-kind", Value: kind},
		{Name: "data-x", Value: scaleData(x)},
		{Name: "data-y", Value: scaleData(y)},
	}
}

// trace draws the points of a curve. It begins at the axis, so that calls which
// all took the same can be seen.
func trace(points []report.CDFPoint, x, y plot.Scale, tail bool) *plot.Path {
	share := func(s float64) float64 {
		if tail {
			return 1 - s
		}
		return s
	}
	var path plot.Path
	for i, point := range points {
		if i == 0 {
			path.MoveTo(x.At(point.MS), y.At(share(0)))
		}
		path.LineTo(x.At(point.MS), y.At(share(point.Share)))
	}
	return &path
}

// scaleData tells a scale to scripts: low, high, from, to, and 1 if it's logarithmic.
func scaleData(s plot.Scale) string {
	kind := "0"
	if s.Log {
		kind = "1"
	}
	var text []string
	for _, v := range []float64{s.Low, s.High, s.From, s.To} {
		text = append(text, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(append(text, kind), " ")
}
