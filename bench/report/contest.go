package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/statistics"
)

// Contest writes runs of schedulers, which are scored: as a ranking, or as JSON with a
// line for each run, for there are thousands of figures in one. It is partial if fewer
// were played than planned, or one of them to no end.
func Contest(w io.Writer, format Format, runs []ContestRun, planned int) error {
	p := &page{w: w}
	if format == JSON {
		p.contestJSON(runs, planned)
		return p.done()
	}
	if len(runs) == 0 {
		p.printf("nothing was played\n")
		return p.done()
	}
	r := &runs[0]
	p.printf("%s: %s, %s in %s after a grace of %s, seed %d, %s nodes\n\n", r.Workload, plural(len(r.Functions), "function"), plural(r.Calls, "call"),
		human(seconds(r.DurationSeconds)), human(seconds(r.GraceSeconds)), r.Seed, r.Platform)
	entrants := Entrants(runs)
	p.table(ranking(entrants))
	p.printf("\nRT and ND are the score's parts, of response times and of node-seconds: 1 is the baseline's, lower is better\n"+
		"%s\n", RankingRule)
	for _, e := range entrants {
		p.entrant(e)
	}
	p.notes(contestNotes(runs))
	return p.done()
}

func (p *page) contestJSON(runs []ContestRun, planned int) {
	partial := len(runs) < planned || slices.ContainsFunc(runs, func(r ContestRun) bool { return r.Partial })
	write := func(text string) {
		if p.err == nil {
			_, p.err = io.WriteString(p.w, text)
		}
	}
	write(fmt.Sprintf("{\"partial\":%t,\"runs\":[", partial))
	for i := range runs {
		text, err := json.Marshal(&runs[i])
		if err != nil && p.err == nil {
			p.err = err
		}
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		write(separator + visibleJSON(text))
	}
	write("\n]}\n")
}

// Entrant is a scheduler with all its runs.
type Entrant struct {
	Name string
	Runs []*ContestRun
}

// RankingRule is how Entrants are ordered, in words.
const RankingRule = "ranked by score 75/25 plus penalty, means over repeats, the baseline as all others; who has no score comes last"

// Entrants are the schedulers of the runs, the best first, by RankingRule.
func Entrants(runs []ContestRun) []Entrant {
	var all []Entrant
	for i := range runs {
		r := &runs[i]
		at := slices.IndexFunc(all, func(e Entrant) bool { return e.Name == r.Scheduler })
		if at < 0 {
			at = len(all)
			all = append(all, Entrant{Name: r.Scheduler})
		}
		all[at].Runs = append(all[at].Runs, r)
	}
	slices.SortStableFunc(all, func(a, b Entrant) int { return cmp.Compare(a.rank(), b.rank()) })
	return all
}

func (e Entrant) rank() float64 {
	score := e.Estimate(func(r *ContestRun) *float64 { return r.Main })
	if math.IsNaN(score.Mean) {
		return math.Inf(1)
	}
	return score.Mean + e.Estimate(func(r *ContestRun) *float64 { return &r.Penalty }).Mean
}

// Estimate is of a figure over the runs that have it; those that were interrupted
// count only if all were.
func (e Entrant) Estimate(of func(*ContestRun) *float64) statistics.Estimate {
	var whole, partial []float64
	for _, r := range e.Runs {
		v := of(r)
		switch {
		case v == nil:
		case r.Partial:
			partial = append(partial, *v)
		default:
			whole = append(whole, *v)
		}
	}
	if whole == nil {
		return statistics.Of(partial)
	}
	return statistics.Of(whole)
}

func ranking(entrants []Entrant) *table {
	t := &table{groups: []group{{"", 1}, {"score", 2}, {"RT", 1}, {"ND", 1}, {"", 1}, {"cold", 1}, {"containers", 1}, {"node-", 1}, {"response", 1}, {"scheduler's", 2}}}
	t.add("scheduler", "75/25", "50/50", "part", "part", "failed", "starts", "created", "seconds", "p99", "CPU", "memory")
	whole := func(v float64) string { return count(int(math.Round(v))) }
	for _, e := range entrants {
		column := func(show func(float64) string, of func(*ContestRun) *float64) string {
			return estimated(e.Estimate(of), show)
		}
		t.add(e.Name,
			column(thousandths, func(r *ContestRun) *float64 { return r.Main }),
			column(thousandths, func(r *ContestRun) *float64 { return r.Even }),
			column(thousandths, func(r *ContestRun) *float64 { return r.ResponseRatio }),
			column(thousandths, func(r *ContestRun) *float64 { return r.NodeRatio }),
			column(whole, func(r *ContestRun) *float64 { return number(r.Failures) }),
			column(whole, func(r *ContestRun) *float64 { return number(r.ColdStarts) }),
			column(whole, func(r *ContestRun) *float64 { return number(r.ContainersCreated) }),
			column(digits, func(r *ContestRun) *float64 { return &r.NodeSeconds }),
			column(func(ms float64) string { return human(time.Duration(ms * float64(time.Millisecond))) }, func(r *ContestRun) *float64 { return r.Time(r.ResponseP99MS) }),
			column(func(s float64) string { return digits(s) + "s" }, func(r *ContestRun) *float64 { return r.Process.cpu() }),
			column(func(mb float64) string { return digits(mb) + "MB" }, func(r *ContestRun) *float64 { return r.Process.memory() }))
	}
	return t
}

func number(n int) *float64 {
	v := float64(n)
	return &v
}

func (p *SchedulerProcess) cpu() *float64 {
	if p == nil {
		return nil
	}
	return &p.CPUSeconds
}

func (p *SchedulerProcess) memory() *float64 {
	if p == nil {
		return nil
	}
	return &p.PeakRSSMB
}

func thousandths(v float64) string { return fmt.Sprintf("%.3f", v) }

// estimated writes a mean with its interval, if there is one; a dash for nothing.
func estimated(e statistics.Estimate, show func(float64) string) string {
	switch {
	case math.IsNaN(e.Mean):
		return "-"
	case e.Half > 0:
		return show(e.Mean) + " ±" + show(e.Half)
	default:
		return show(e.Mean)
	}
}

// entrant tells what is to be said of a scheduler beside its figures.
func (p *page) entrant(e Entrant) {
	for _, r := range e.Runs {
		name := VisibleLine(r.Scheduler)
		if len(e.Runs) > 1 {
			name = fmt.Sprintf("%s, repeat %d", name, r.Repeat)
		}
		switch {
		case r.PlatformFailure != "":
			p.printf("%s: NOT VALID: %s\n", name, r.PlatformFailure)
		case r.Partial:
			p.printf("%s: PARTIAL: interrupted, %s in flight given up\n", name, plural(r.Unanswered, "call"))
		}
		if r.Failures > 0 {
			p.printf("failures of %s: %s\n", name, kinds(r.ByKind))
		}
		if r.Penalty > 0 {
			p.printf("penalty of %s: %.0f, more than 0.1 %% of the calls failed\n", name, r.Penalty)
		}
		if r.Problem != "" {
			p.printf("no score for %s: %s\n", name, r.Problem)
		}
		if len(r.LeftOut) > 0 {
			p.printf("left out of the score of %s, for the baseline never served them: %s\n", name, few(r.LeftOut))
		}
		for _, t := range r.Troubles {
			p.printf("%s: %s: %s; the first: %s\n", name, count(t.Count), t.Kind, strings.ReplaceAll(t.First, "\n", "\n    "))
		}
	}
}

// contestNotes are those of all runs, each once.
func contestNotes(runs []ContestRun) []string {
	var lists [][]string
	for i := range runs {
		lists = append(lists, runs[i].Notes)
	}
	return merge(lists...)
}
