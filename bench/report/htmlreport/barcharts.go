package htmlreport

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
	"github.com/minifaas/minifaas/bench/score"
)

// longest is what a bar of a score may have: a scheduler far off would leave the others no room.
const longest = 2.5

// scoreBars are the scores in their weighted parts, the best on top.
func (c *contest) scoreBars() *plot.Picture {
	bars := make([]bar, len(c.entrants))
	for i, e := range c.entrants {
		b := bar{entrant: e, end: "no score"}
		main, scored := mainScore.over(e)
		response, responseKnown := responseRatio.over(e)
		nodes, nodesKnown := nodeRatio.over(e)
		if scored && responseKnown && nodesKnown {
			b.segments = []segment{
				{"fill", "response time: " + thousandths(score.Main.Response*response.Mean), score.Main.Response * response.Mean},
				{"fill pale", "node time: " + thousandths(score.Main.Nodes*nodes.Mean), score.Main.Nodes * nodes.Mean},
			}
			b.half, b.end = main.Half, thousandths(main.Mean)
		}
		b.warning = e.warning()
		bars[i] = b
	}
	return drawBars(bars, longest, 1, "baseline = 1")
}

// warning says in few words why a score is to be taken with care.
func (e *entrant) warning() string {
	if e.count(func(r *report.ContestRun) bool { return r.Partial }) > 0 {
		return "PARTIAL"
	}
	switch punished := e.count(func(r *report.ContestRun) bool { return r.Penalty > 0 }); punished {
	case 0:
		return ""
	case len(e.Runs):
		return "+" + digits(score.Penalty) + " penalty"
	default:
		return fmt.Sprintf("+%s in %d of %d", digits(score.Penalty), punished, len(e.Runs))
	}
}

// cause is a reason of cold starts, with the class of its colour.
type cause struct{ Class, Name string }

// causes are those that occur: first the known ones, the avoidable last.
func (c *contest) causes() []cause {
	seen := map[string]bool{}
	for _, run := range c.runs {
		for name, n := range run.ColdCauses {
			seen[name] = seen[name] || n > 0
		}
	}
	maps.DeleteFunc(seen, func(_ string, occurs bool) bool { return !occurs })
	names := []string{report.CauseFirst, report.CauseGone, report.CauseComing, report.CauseBusy, report.CauseIdle}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var all []cause
	for i, name := range names {
		if seen[name] {
			all = append(all, cause{"k" + strconv.Itoa(min(i, 4)), name})
		}
	}
	return all
}

// coldBars are cold starts by cause, means over repeats.
func (c *contest) coldBars() *plot.Picture {
	causes := c.causes()
	bars := make([]bar, len(c.entrants))
	for i, e := range c.entrants {
		b := bar{entrant: e}
		for _, cause := range causes {
			of := figure{of: func(r *report.ContestRun) *float64 { return whole(r.ColdCauses[cause.Name]) }}
			mean, _ := of.over(e)
			b.segments = append(b.segments, segment{cause.Class, cause.Name + ": " + digits(mean.Mean), mean.Mean})
		}
		starts, _ := coldStarts.over(e)
		b.end = digits(starts.Mean)
		calls, _ := figure{of: func(r *report.ContestRun) *float64 { return whole(r.Calls) }}.over(e)
		if calls.Mean > 0 {
			b.end += " · " + percent(starts.Mean/calls.Mean)
		}
		bars[i] = b
	}
	return drawBars(bars, 0, 0, "")
}

// processBars are a figure of the schedulers' own processes.
func (c *contest) processBars(f figure, unit string) *plot.Picture {
	bars := make([]bar, len(c.entrants))
	for i, e := range c.entrants {
		b := bar{entrant: e, end: "not measured"}
		if mean, known := f.over(e); known {
			b.segments = []segment{{"fill", "", mean.Mean}}
			b.end = digits(mean.Mean) + " " + unit
			b.half = mean.Half
		}
		bars[i] = b
	}
	return drawBars(bars, 0, 0, "")
}
