package report

import (
	"fmt"
	"io"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/score"
)

// scores are the JSON of a comparison with a baseline; null if there is none to
// compare with, or if they can't be compared, which Problem then explains.
type scores struct {
	Main    *float64 `json:"score_75_25"`
	Even    *float64 `json:"score_50_50"`
	Problem string   `json:"score_problem,omitempty"`
	LeftOut []string `json:"left_out,omitempty"` // functions that the baseline never served

	comparison score.Comparison
}

func newScores(r *replay.Result, baseline func() (score.Run, error)) scores {
	run, err := r.Score()
	if err != nil {
		return scores{Problem: err.Error()}
	}
	base, err := baseline()
	if err != nil {
		return scores{Problem: err.Error()}
	}
	c, err := score.Compare(run, base)
	if err != nil {
		return scores{Problem: err.Error()}
	}
	main, even := c.Score(score.Main), c.Score(score.Even)
	return scores{Main: &main, Even: &even, LeftOut: c.LeftOut, comparison: c}
}

// Replay writes the report of one replay. With a baseline, which may be nil, it
// has the scores against it.
func Replay(w io.Writer, format Format, r *replay.Result, baseline *score.Run) error {
	var s scores
	if baseline != nil {
		s = newScores(r, func() (score.Run, error) { return *baseline, nil })
	}
	if format == JSON {
		return writeJSON(w, struct {
			Run
			scores
		}{newRun(r), s})
	}
	p := &page{w: w}
	p.printf("%s: %s in %s after a grace of %s%s\n\n", r.Workload, plural(r.Total.Calls, "call"), human(r.Duration), human(r.Grace), partial(r))
	p.table(functions(r))
	p.printf("\n")
	if r.Total.Failures > 0 {
		p.printf("failures: %s\n", kinds(r.Failures))
	}
	if n := r.Nodes; n != nil {
		p.printf("nodes: %d reserved, at most %d at a time; %s node-seconds\n", n.Reservations, n.Peak, nodeSeconds(n))
	}
	p.printf("sender late by: p50 %s, p99 %s, at most %s\n", human(r.Lateness.P50), human(r.Lateness.P99), human(r.MaxLateness))
	if baseline != nil {
		p.scores(s, score.Run{Functions: r.Counted}.Penalty())
	}
	p.notes(r.Notes)
	return p.done()
}

func functions(r *replay.Result) *table {
	t := &table{groups: []group{{"", 1}, {"", 1}, {"", 1}, {"cold", 1}, {"schedule", 2}, {"execution", 2}, {"response", 2}}}
	t.add("function", "calls", "failures", "starts", "p50", "p99", "p50", "p99", "p50", "p99")
	for _, f := range append(append([]replay.Summary(nil), r.Functions...), r.Total) {
		t.add(f.Name, count(f.Calls), count(f.Failures), count(f.ColdStarts),
			human(f.Schedule.P50), human(f.Schedule.P99), human(f.Execution.P50), human(f.Execution.P99),
			human(f.Response.P50), human(f.Response.P99))
	}
	return t
}

func partial(r *replay.Result) string {
	if !r.Partial {
		return ""
	}
	return fmt.Sprintf(" — PARTIAL: interrupted, %s in flight given up", plural(r.Unanswered, "call"))
}

func nodeSeconds(n *replay.NodeUsage) string { return digits(n.Time.Seconds()) }

func (p *page) scores(s scores, penalty float64) {
	if s.Problem != "" {
		p.printf("no score: %s\n", s.Problem)
		return
	}
	p.printf("score (the baseline is 1, lower is better): %.3f at 0.75/0.25, %.3f at 0.5/0.5\n", *s.Main, *s.Even)
	if penalty > 0 {
		p.printf("penalty: %.0f, more than 0.1 %% of the calls failed\n", penalty)
	}
	for _, f := range s.LeftOut {
		p.printf("left out of the score: %s, which the baseline never served\n", f)
	}
}
