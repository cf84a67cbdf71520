package report

import (
	"fmt"
	"math"
)

// figures are those in which sides are compared. Lower is better in all of them.
var figures = []struct {
	name string
	of   func(*telling) *float64
	show func(float64) string
}{
	{"score 75/25", func(c *telling) *float64 { return c.Main }, thousandths},
	{"score 50/50", func(c *telling) *float64 { return c.Even }, thousandths},
	{"RT part", func(c *telling) *float64 { return c.ResponseRatio }, thousandths},
	{"ND part", func(c *telling) *float64 { return c.NodeRatio }, thousandths},
	{"failures", func(c *telling) *float64 { return c.Failures }, plain},
	{"cold starts", func(c *telling) *float64 { return c.ColdStarts }, plain},
	{"containers created", func(c *telling) *float64 { return c.Created }, plain},
	{"node-seconds", func(c *telling) *float64 { return c.NodeSeconds }, digits},
	{"schedule mean, ms", func(c *telling) *float64 { return c.ScheduleMean }, digits},
	{"schedule p99, ms", func(c *telling) *float64 { return c.ScheduleP99 }, digits},
	{"response mean, ms", func(c *telling) *float64 { return c.ResponseMean }, digits},
	{"response p99, ms", func(c *telling) *float64 { return c.ResponseP99 }, digits},
	{"mean slowdown", func(c *telling) *float64 { return c.MeanSlowdown }, digits},
	{"p99 slowdown, geomean", func(c *telling) *float64 { return c.P99Slowdown }, digits},
}

// plain writes a count, or the mean of counts.
func plain(v float64) string {
	if v == math.Trunc(v) {
		return count(int(v))
	}
	return digits(v)
}

func (p *page) comparison(c comparison) {
	p.printf("%s: %s against %s\n\n", VisibleLine(c.Workload), VisibleLine(c.Other), VisibleLine(c.Reference))
	for _, difference := range c.Unlike {
		p.printf("WARNING: not played alike: %s\n", VisibleLine(difference))
	}
	if len(c.Unlike) > 0 {
		p.printf("\n")
	}
	t := &table{}
	t.add("", c.Reference, c.Other, "ratio", "")
	single := false
	for _, d := range c.Differences {
		ratio := "-"
		if d.Ratio != nil {
			ratio = fmt.Sprintf("%.3f", *d.Ratio)
		}
		if d.Half != nil {
			ratio += fmt.Sprintf(" ±%.3f", *d.Half)
		}
		show := showOf(d.Figure)
		t.add(d.Figure, show(d.Reference), show(d.Other), ratio, words[d.Verdict])
		single = single || d.Verdict == unknown
	}
	p.table(t)
	if single {
		p.printf("\nA single run cannot tell a difference from noise: repeat it (--repeats 5).\n")
	}
}

func showOf(figure string) func(float64) string {
	for _, f := range figures {
		if f.name == figure {
			return f.show
		}
	}
	return digits
}

var words = map[string]string{lower: "lower", higher: "higher", noise: "no more than noise", equal: "the same", unknown: ""}
