package htmlreport

import (
	"html/template"
	"slices"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
)

// track is a small plot of figures over time.
type track struct {
	name  string
	lines []line
}

// line is one figure of a track. Key is its place in the JSON of a series.
type line struct {
	key, name, class string
	of               func(*report.Series) []float64
}

var tracks = []track{
	{"Nodes", []line{
		{"nodes", "", "area", func(s *report.Series) []float64 { return floats(s.Nodes) }},
	}},
	{"Containers, busy ones filled", []line{
		{"containers", "", "outline", func(s *report.Series) []float64 { return floats(s.Containers) }},
		{"busy_containers", "busy", "area", func(s *report.Series) []float64 { return floats(s.Busy) }},
	}},
	{"Calls in flight, queued ones filled", []line{
		{"in_flight", "", "outline", func(s *report.Series) []float64 { return floats(s.InFlight) }},
		{"queued", "queued", "area queued", func(s *report.Series) []float64 { return floats(s.Queued) }},
	}},
	{"CPU in use, cores", []line{
		{"cpu_cores", "", "area", func(s *report.Series) []float64 { return s.CPUCores }},
	}},
	{"Memory in use, MB", []line{
		{"memory_mb", "", "area", func(s *report.Series) []float64 { return s.MemoryMB }},
	}},
}

const (
	trackWidth, trackLeft = 340.0, 50.0
	trackTop, trackBottom = 22.0, 84.0
	trackSteps            = 600 // more can't be seen
)

// timelines are the tracks of one entrant, on the scales of all.
func (c *contest) timelines(e *entrant) []template.HTML {
	var all []template.HTML
	x := c.timeScale(trackLeft, trackWidth-8)
	for _, t := range tracks {
		if most := c.most(t); most > 0 {
			y := plot.Scale{High: most * 1.04, From: trackBottom, To: trackTop}
			all = append(all, c.timeline(e, t, x, y))
		}
	}
	return all
}

// timeScale is the time of the longest run.
func (c *contest) timeScale(from, to float64) plot.Scale {
	longest := 1.0
	for _, e := range c.entrants {
		s := &e.shown.Series
		longest = max(longest, s.StepSeconds*float64(len(s.Nodes)), e.shown.GraceSeconds+e.shown.DurationSeconds)
	}
	return plot.Scale{High: longest, From: from, To: to}
}

// most is the largest value of a track over all entrants; 0 if none was measured.
func (c *contest) most(t track) float64 {
	most := 0.0
	for _, e := range c.entrants {
		for _, l := range t.lines {
			if values := l.of(&e.shown.Series); len(values) > 0 {
				most = max(most, slices.Max(values))
			}
		}
	}
	return most
}

func (c *contest) timeline(e *entrant, t track, x, y plot.Scale) template.HTML {
	p := plot.New(trackWidth, trackBottom+20)
	p.Axes(plot.Axes{X: x, Y: y, XTicks: 5, YTicks: 4, XLabel: secondsLabel, YLabel: digits})
	p.Text("title", 0, 12, t.name)
	p.Text("readout", trackWidth-8, 12, "")
	var keys []string
	p.Open(e.Look)
	step, measured := e.shown.Series.StepSeconds, false
	for _, l := range t.lines {
		values := l.of(&e.shown.Series)
		measured = measured || len(values) > 0
		keys = append(keys, l.key+":"+l.name)
		p.Path(l.class, overTime(values, step, x, y, strings.HasPrefix(l.class, "area")))
	}
	p.Close()
	if !measured {
		p.Text("none", (x.From+x.To)/2, (y.From+y.To)/2+4, "not measured")
	}
	if grace := e.shown.GraceSeconds; grace > 0 {
		p.Line("mark", x.At(grace), y.From, x.At(grace), y.To)
	}
	p.Line("cursor", 0, y.From, 0, y.To)
	return picture(p, "plot time", e.Name+": "+t.name+" over time; the most of all schedulers is "+digits(c.most(t)),
		e.run(), plot.Attr{Name: "data-x", Value: scaleData(x)},
		plot.Attr{Name: "data-keys", Value: strings.Join(keys, " ")})
}

// overTime draws values in steps, as an area if told. Of many values, each place
// shows the largest of its own, so that no peak is lost.
func overTime(values []float64, stepSeconds float64, x, y plot.Scale, area bool) *plot.Path {
	bin := (len(values) + trackSteps - 1) / trackSteps
	var peaks []float64
	for begin := 0; begin < len(values); begin += bin {
		peaks = append(peaks, slices.Max(values[begin:min(begin+bin, len(values))]))
	}
	steps := x
	if stepSeconds > 0 {
		steps.High = x.High / (stepSeconds * float64(max(bin, 1)))
	}
	path := plot.Steps(peaks, steps, y)
	if area && len(peaks) > 0 {
		path.DownTo(y.From)
		path.AcrossTo(steps.From)
		path.Shut()
	}
	return path
}

func floats(whole []int) []float64 {
	all := make([]float64, len(whole))
	for i, n := range whole {
		all[i] = float64(n)
	}
	return all
}
