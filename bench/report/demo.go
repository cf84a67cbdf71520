package report

import (
	"fmt"
	"io"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/score"
)

// Demo writes two replays of one workload side by side. The notes are those of
// the platform; notes of the workload come from the replays. One of them may be
// nil, because the demo was interrupted before it: its side is empty.
func Demo(w io.Writer, format Format, adaptive, baseline *replay.Result, notes []string) error {
	if baseline == nil {
		baseline = notPlayed(adaptive)
	}
	if adaptive == nil {
		adaptive = notPlayed(baseline)
	}
	s := newScores(adaptive, baseline.Score)
	notes = merge(notes, adaptive.Notes, baseline.Notes)
	if format == JSON {
		a, b := newRun(adaptive), newRun(baseline)
		a.Notes, b.Notes = nil, nil
		return writeJSON(w, struct {
			Workload string   `json:"workload"`
			Notes    []string `json:"notes"`
			Adaptive Run      `json:"adaptive"`
			Baseline Run      `json:"baseline"`
			scores
			// ResponseRatios are by function.
			ResponseRatios map[string]float64 `json:"rt_ratios"`
			NodeRatio      *float64           `json:"node_ratio"`
		}{adaptive.Workload, notes, a, b, s, s.ratios(), s.nodeRatio()})
	}
	p := &page{w: w}
	p.printf("%s: %s in %s%s\n\n", adaptive.Workload, plural(adaptive.Total.Calls, "call"), human(adaptive.Duration), interrupted(adaptive, baseline))
	p.table(sideBySide(adaptive, baseline, s.ratios()))
	p.printf("\n")
	p.table(totals(adaptive, baseline, s.nodeRatio()))
	p.printf("\n")
	for _, side := range []struct {
		name string
		r    *replay.Result
	}{{"adaptive", adaptive}, {"baseline", baseline}} {
		if side.r.Total.Failures > 0 {
			p.printf("failures of %s: %s\n", side.name, kinds(side.r.Failures))
		}
	}
	p.scores(s, score.Run{Functions: adaptive.Counted}.Penalty())
	p.notes(notes)
	return p.done()
}

// notPlayed is the empty result of a side that the demo did not come to.
func notPlayed(other *replay.Result) *replay.Result {
	r := &replay.Result{Workload: other.Workload, Partial: true, Failures: map[string]int{}}
	for _, f := range other.Functions {
		r.Functions = append(r.Functions, replay.Summary{Name: f.Name})
		r.Counted = append(r.Counted, score.Function{Name: f.Name})
	}
	return r
}

func (s *scores) ratios() map[string]float64 {
	ratios := make(map[string]float64)
	for _, r := range s.comparison.Ratios {
		ratios[r.Function] = r.Value
	}
	return ratios
}

func (s *scores) nodeRatio() *float64 {
	if s.Main == nil {
		return nil
	}
	return &s.comparison.NodeRatio
}

func interrupted(results ...*replay.Result) string {
	for _, r := range results {
		if r.Partial {
			return " — PARTIAL: interrupted"
		}
	}
	return ""
}

func sideBySide(adaptive, baseline *replay.Result, ratios map[string]float64) *table {
	t := &table{groups: []group{{"", 1}, {"", 1}, {"failures", 2}, {"cold starts", 2}, {"response p50", 2}, {"response p99", 2}, {"RT", 1}}}
	t.add("function", "calls", "adapt", "base", "adapt", "base", "adapt", "base", "adapt", "base", "ratio")
	of := func(s replay.Summary, n int) string {
		if s.Calls == 0 {
			return "-"
		}
		return count(n)
	}
	row := func(a, b replay.Summary, ratio string) {
		t.add(a.Name, count(max(a.Calls, b.Calls)), of(a, a.Failures), of(b, b.Failures), of(a, a.ColdStarts), of(b, b.ColdStarts),
			human(a.Response.P50), human(b.Response.P50), human(a.Response.P99), human(b.Response.P99), ratio)
	}
	for i, a := range adaptive.Functions {
		ratio := "-"
		if v, ok := ratios[a.Name]; ok {
			ratio = fmt.Sprintf("%.2f", v)
		}
		row(a, baseline.Functions[i], ratio)
	}
	row(adaptive.Total, baseline.Total, "")
	return t
}

func totals(adaptive, baseline *replay.Result, ratio *float64) *table {
	t := &table{}
	t.add("", "adaptive", "baseline", "ratio")
	nodes := func(r *replay.Result, show func(*replay.NodeUsage) string) string {
		if r.Nodes == nil {
			return "-"
		}
		return show(r.Nodes)
	}
	row := func(name, ratio string, show func(*replay.NodeUsage) string) {
		t.add(name, nodes(adaptive, show), nodes(baseline, show), ratio)
	}
	row("nodes reserved", "", func(n *replay.NodeUsage) string { return count(n.Reservations) })
	row("nodes at a time", "", func(n *replay.NodeUsage) string { return count(n.Peak) })
	nodeRatio := "-"
	if ratio != nil {
		nodeRatio = fmt.Sprintf("%.2f", *ratio)
	}
	row("node-seconds", nodeRatio, nodeSeconds)
	return t
}

// merge joins lists of notes and leaves out repetitions.
func merge(lists ...[]string) []string {
	merged := []string{} // never null in JSON
	seen := make(map[string]bool)
	for _, list := range lists {
		for _, n := range list {
			if !seen[n] {
				merged = append(merged, n)
			}
			seen[n] = true
		}
	}
	return merged
}
