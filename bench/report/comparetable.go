package report

import (
	"fmt"
	"math"
	"strconv"
)

// figures are those in which sides are compared. Lower is better in all of them. Failures
// lead: who fails needs little.
var figures = []struct {
	name string
	of   func(*telling) *float64
	show func(float64) string
}{
	{"penalty", func(c *telling) *float64 { return c.Penalty }, plain},
	{"failures", func(c *telling) *float64 { return c.Failures }, plain},
	{"score 75/25", func(c *telling) *float64 { return c.Main }, thousandths},
	{"score 50/50", func(c *telling) *float64 { return c.Even }, thousandths},
	{"RT part", func(c *telling) *float64 { return c.ResponseRatio }, thousandths},
	{"ND part", func(c *telling) *float64 { return c.NodeRatio }, thousandths},
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
	tooFew := false
	for _, d := range c.Differences {
		show := showOf(d.Figure)
		t.add(d.Figure, show(d.Reference), show(d.Other), d.change(show), words[d.Verdict])
		tooFew = tooFew || d.Verdict == unknown
	}
	p.table(t)
	if tooFew {
		p.printf("\nWhere there is no verdict, the runs are too few to tell a difference from noise: repeat them (--repeats 5).\n")
	}
}

// change is the ratio, else the difference, with its interval where that has a width.
func (d *Difference) change(show func(float64) string) string {
	value, within := d.Change, d.ChangeInterval
	write := func(v float64) string {
		sign := "+"
		if v < 0 {
			sign = "-"
		}
		return sign + show(math.Abs(v))
	}
	if d.Ratio != nil {
		value, within = d.Ratio, d.RatioInterval
		write = d.ratioText
	}
	switch {
	case d.Reference == 0 && d.Other == 0:
		return "-"
	case within == nil || within[0] == within[1]:
		return write(*value)
	default:
		return fmt.Sprintf("%s (%s to %s)", write(*value), write(within[0]), write(within[1]))
	}
}

// ratioText writes a ratio in three decimals, or in as many as it takes until an interval
// that leaves out 1 is seen to do so. Of a large one three digits are enough.
func (d *Difference) ratioText(v float64) string {
	if v >= 10 {
		return digits(v)
	}
	decimals := 3
	if d.RatioInterval != nil && d.Verdict != noise && d.Verdict != equal {
		nearest := d.RatioInterval[0]
		if d.Verdict == lower {
			nearest = d.RatioInterval[1]
		}
		for decimals < 9 && math.Abs(nearest-1) < 0.5*math.Pow10(-decimals) {
			decimals++
		}
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
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
