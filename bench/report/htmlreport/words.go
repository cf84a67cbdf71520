package htmlreport

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
)

// Headline says in a sentence what came out.
func (c *contest) Headline() string {
	at := slices.IndexFunc(c.entrants, func(e *entrant) bool { return e.Rank > 0 && e.clean() })
	switch {
	case c.entrants[0].Rank == 0:
		return "There are no scores: they need a run of the scheduler baseline with the same calls."
	case at < 0:
		return "No scheduler played it to the end without a penalty: the scores say little."
	}
	best := c.entrants[at]
	switch {
	case best.isBaseline() && len(c.entrants) == 1:
		return "This is the baseline alone, whose score is 1: it's what others are measured by."
	case best.isBaseline():
		return "No scheduler without a penalty did better than the baseline, whose score is 1."
	}
	mean, _ := mainScore.over(best)
	interval, side := "", "below"
	if mean.Half > 0 {
		interval = " ±\u00a0" + thousandths(mean.Half)
	}
	if mean.Mean > 1 {
		side = "above"
	}
	sentence := fmt.Sprintf("%s is best, with a score of %s%s: %s %s the baseline.",
		best.Name, thousandths(mean.Mean), interval, percent(math.Round(math.Abs(1-mean.Mean)*1000)/1000), side)
	if at > 0 {
		return "Of those without a penalty, " + sentence
	}
	return sentence
}

// Command is the shell command that plays the same contest again.
func (c *contest) Command() string { return c.runs[0].Command }

// Title is the workload's name.
func (c *contest) Title() string { return c.runs[0].Workload }

// Entrants are the schedulers, the best first.
func (c *contest) Entrants() []*entrant { return c.entrants }

// Repeated tells whether a scheduler has several runs.
func (c *contest) Repeated() bool {
	return slices.ContainsFunc(c.entrants, func(e *entrant) bool { return len(e.Runs) > 1 })
}

// Partial tells whether a run was cut short.
func (c *contest) Partial() bool {
	return slices.ContainsFunc(c.runs, func(r report.ContestRun) bool { return r.Partial })
}

// fact is a line about what was run.
type fact struct{ Term, Text string }

// Facts say what was run, where and when. What differs between runs is listed.
func (c *contest) Facts() []fact {
	list := func(of func(*report.ContestRun) string) string { return strings.Join(c.each(of), "; ") }
	repeats := 0
	for _, e := range c.entrants {
		repeats = max(repeats, len(e.Runs))
	}
	return []fact{
		{"Load", list(func(r *report.ContestRun) string {
			return fmt.Sprintf("%s to %s in %s", plural(r.Calls, "call"), plural(len(r.Functions), "function"), secondsLabel(r.DurationSeconds))
		})},
		{"First call", c.grace() + " after the scheduler's start"},
		{"Warm-up", strings.Join(c.warmUps(), "; ")},
		{"Runs", plural(len(c.entrants), "scheduler") + ", " + plural(repeats, "repeat") + ", seed " +
			list(func(r *report.ContestRun) string { return strconv.FormatUint(r.Seed, 10) })},
		{"Nodes", list(func(r *report.ContestRun) string { return r.Platform })},
		{"Machine", list(func(r *report.ContestRun) string {
			e := r.Environment
			return fmt.Sprintf("%s, %s, %s MB", e.CPU, plural(e.Cores, "core"), digits(float64(e.MemoryMB)))
		})},
		{"System", list(func(r *report.ContestRun) string {
			return strings.TrimSpace(r.Environment.OS + " " + r.Environment.Kernel)
		})},
		{"Built", list(func(r *report.ContestRun) string {
			e := r.Environment
			return strings.TrimSpace(fmt.Sprintf("minifaas %s %s, %s", e.Version, clip(e.Commit, 13), e.Go))
		})},
		{"Begun", c.runs[0].Environment.At},
	}
}

// grace is from the shortest to the longest: it has the time that schedulers take to start.
func (c *contest) grace() string {
	least, most := c.runs[0].GraceSeconds, c.runs[0].GraceSeconds
	for i := range c.runs {
		least, most = min(least, c.runs[i].GraceSeconds), max(most, c.runs[i].GraceSeconds)
	}
	if digits(least) == digits(most) {
		return secondsLabel(least)
	}
	return digits(least) + " to " + secondsLabel(most)
}

// warmUps say what is left out of latencies, if anything is.
func (c *contest) warmUps() []string {
	return slices.DeleteFunc(c.each(func(r *report.ContestRun) string {
		if r.WarmUpSeconds == 0 {
			return ""
		}
		return "the first " + secondsLabel(r.WarmUpSeconds) + " of the load are left out of times and slowdowns"
	}), func(text string) bool { return text == "" })
}

// Ranking is the rule by which they rank.
func (c *contest) Ranking() string {
	return strings.ToUpper(report.RankingRule[:1]) + report.RankingRule[1:]
}

// Notes are those of all runs, but for the Warnings.
func (c *contest) Notes() []string {
	return slices.DeleteFunc(c.allNotes(), isWarning)
}

// Warnings are the notes that head the page: not all was played.
func (c *contest) Warnings() []string {
	return slices.DeleteFunc(c.allNotes(), func(note string) bool { return !isWarning(note) })
}

func isWarning(note string) bool { return strings.HasPrefix(note, "PARTIAL") }

func (c *contest) allNotes() []string {
	var all []string
	for i := range c.runs {
		for _, note := range c.runs[i].Notes {
			if !slices.Contains(all, note) {
				all = append(all, note)
			}
		}
	}
	return all
}

// each has what of tells about the runs, once each.
func (c *contest) each(of func(*report.ContestRun) string) []string {
	var all []string
	for i := range c.runs {
		if text := of(&c.runs[i]); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
