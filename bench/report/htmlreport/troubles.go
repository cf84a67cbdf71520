package htmlreport

import (
	"maps"
	"slices"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
)

// troubled is an entrant with what went wrong, in words.
type troubled struct {
	Entrant *entrant
	Lines   []troubleLine
}

// troubleLine is one thing that went wrong, and an example.
type troubleLine struct{ Text, Example string }

// Troubles are those of the entrants that had any, summed over repeats.
func (c *contest) Troubles() []troubled {
	var all []troubled
	for _, e := range c.entrants {
		if lines := e.troubles(); len(lines) > 0 {
			all = append(all, troubled{e, lines})
		}
	}
	return all
}

func (e *entrant) troubles() []troubleLine {
	var lines []troubleLine
	add := func(text, example string) {
		if line := (troubleLine{text, example}); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	for _, run := range e.Runs {
		switch {
		case run.PlatformFailure != "":
			add("Not valid: it says nothing of the scheduler.", run.PlatformFailure)
		case run.Partial:
			add("Interrupted: "+plural(run.Unanswered, "call")+" in flight given up.", "")
		}
		if run.Process != nil && run.Process.Exit != "" && len(run.Troubles) == 0 {
			add("Its process ended before it was stopped.", run.Process.Exit)
		}
	}
	lines = append(lines, e.wrongAnswers()...)
	if kinds := e.failures(); kinds != "" {
		add("Failed calls: "+kinds+".", "")
	}
	if n := e.count(func(r *report.ContestRun) bool { return r.Penalty > 0 }); n > 0 {
		add("More than 0.1 % of the calls failed in "+plural(n, "run")+": a penalty, which is in no score.", "")
	}
	for _, run := range e.Runs {
		if run.Problem != "" {
			add("No score.", run.Problem)
		}
		if len(run.LeftOut) > 0 {
			add("Left out of the score, for the baseline never served them.", strings.Join(run.LeftOut, ", "))
		}
	}
	return lines
}

// wrongAnswers are the troubles of all repeats by kind, in the order in which they came.
func (e *entrant) wrongAnswers() []troubleLine {
	var kinds []report.Trouble
	for _, run := range e.Runs {
		for _, t := range run.Troubles {
			i := slices.IndexFunc(kinds, func(k report.Trouble) bool { return k.Kind == t.Kind })
			if i < 0 {
				kinds = append(kinds, t)
				continue
			}
			kinds[i].Count += t.Count
		}
	}
	var lines []troubleLine
	for _, k := range kinds {
		lines = append(lines, troubleLine{digits(float64(k.Count)) + " × " + k.Kind + "; the first:", k.First})
	}
	return lines
}

// failures lists failed calls by kind over all repeats, the most frequent first.
func (e *entrant) failures() string {
	sum := map[string]int{}
	for _, run := range e.Runs {
		for kind, n := range run.ByKind {
			sum[kind] += n
		}
	}
	kinds := slices.Sorted(maps.Keys(sum))
	slices.SortStableFunc(kinds, func(a, b string) int { return sum[b] - sum[a] })
	var texts []string
	for _, kind := range kinds {
		if sum[kind] > 0 {
			texts = append(texts, digits(float64(sum[kind]))+" "+kind)
		}
	}
	return strings.Join(texts, ", ")
}
