package htmlreport

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/plot"
)

// entrant is a scheduler with its runs, as the page shows it.
type entrant struct {
	report.Entrant
	// Rank counts from 1; 0 is for who has no score.
	Rank int
	// Look is the class of its colour.
	Look string
	// Number counts schedulers as they first appear: scripts know it by that.
	Number int
	// shown is the run that is drawn, at index of all runs.
	shown *report.ContestRun
	index int
}

// newEntrants are the schedulers of the runs, the best first.
func newEntrants(runs []report.ContestRun) []*entrant {
	var all []*entrant
	for i, e := range report.Entrants(runs) {
		e := &entrant{Entrant: e}
		if _, scored := mainScore.over(e); scored {
			e.Rank = i + 1
		}
		e.choose(runs)
		all = append(all, e)
	}
	paint(all, runs)
	return all
}

// paint gives colours in order of appearance, so that a scheduler has the same in every page
// of the same command; the baseline is grey.
func paint(all []*entrant, runs []report.ContestRun) {
	first := func(e *entrant) int {
		return slices.IndexFunc(runs, func(r report.ContestRun) bool { return r.Scheduler == e.Name })
	}
	colours := 0
	for number, e := range slices.SortedFunc(slices.Values(all), func(a, b *entrant) int { return cmp.Compare(first(a), first(b)) }) {
		e.Number, e.Look = number, "base"
		if !e.isBaseline() {
			e.Look = "s" + strconv.Itoa(colours%looks)
			colours++
		}
	}
}

func (e *entrant) isBaseline() bool { return e.Runs[0].IsBaseline() }

// attr marks what is drawn of the entrant.
func (e *entrant) attr() plot.Attr {
	return plot.Attr{Name: "data-entrant", Value: strconv.Itoa(e.Number)}
}

// run says which of the runs is drawn.
func (e *entrant) run() plot.Attr { return plot.Attr{Name: "data-run", Value: strconv.Itoa(e.index)} }

// choose takes the run with the median score to be drawn; the first, where there are no scores.
func (e *entrant) choose(all []report.ContestRun) {
	inOrder := slices.Clone(e.Runs)
	slices.SortStableFunc(inOrder, func(a, b *report.ContestRun) int { return cmp.Compare(scoreOf(a), scoreOf(b)) })
	e.shown = inOrder[(len(inOrder)-1)/2]
	for i := range all {
		if &all[i] == e.shown {
			e.index = i
		}
	}
}

// scoreOf is the score of a run; infinite without one.
func scoreOf(run *report.ContestRun) float64 {
	if run.Main == nil {
		return math.Inf(1)
	}
	return *run.Main
}

// clean tells that no run was cut short or punished, so that small figures are
// a merit.
func (e *entrant) clean() bool {
	return e.count(func(run *report.ContestRun) bool { return run.Partial || run.Penalty > 0 }) == 0
}

// count counts the runs of which something is true.
func (e *entrant) count(is func(*report.ContestRun) bool) int {
	n := 0
	for _, run := range e.Runs {
		if is(run) {
			n++
		}
	}
	return n
}
