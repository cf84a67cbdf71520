package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Sim writes simulations. Those of one workload are compared with the one of
// the policy baseline on it.
func Sim(w io.Writer, format Format, results []*sim.Result) error {
	runs := make([]SimRun, len(results))
	for i, r := range results {
		runs[i] = newSimRun(r, baselineOf(r.Workload, results))
	}
	if format == JSON {
		return writeJSON(w, struct {
			Runs []SimRun `json:"runs"`
		}{runs})
	}
	p := &page{w: w}
	for begin := 0; begin < len(runs); {
		end := begin + 1
		for end < len(runs) && results[end].Workload == results[begin].Workload {
			end++
		}
		if begin > 0 {
			p.printf("\n")
		}
		p.simulations(results[begin:end], runs[begin:end])
		begin = end
	}
	return p.done()
}

func baselineOf(w *trace.Workload, results []*sim.Result) *sim.Result {
	for _, r := range results {
		if r.Workload == w && r.Policy == (policy.Baseline{}).Name() {
			return r
		}
	}
	return nil
}

// simulations is the table of one workload, a policy a row.
func (p *page) simulations(results []*sim.Result, runs []SimRun) {
	w := results[0].Workload
	p.printf("%s: %s in %v, seed %d\n\n", w.Name, plural(len(w.Functions), "function"), w.Length.Round(time.Second), runs[0].Seed)
	t := &table{groups: []group{{"", 1}, {"", 1}, {"", 1}, {"cold", 1}, {"", 1}, {"schedule", 2}, {"slowdown", 2}, {"memory,", 1}, {"peak", 1}, {"node-", 1}, {"RT", 1}, {"ND", 1}, {"score", 2}}}
	t.add("policy", "calls", "failures", "starts", "waits", "mean", "p99", "mean", "p99 geo", "norm.", "nodes", "seconds", "part", "part", "75/25", "50/50")
	for i, r := range results {
		run := &runs[i]
		t.add(run.Policy, count(run.Calls), count(run.Failures), count(run.ColdStarts), count(run.Waits),
			served(run, r.Total.Schedule.Mean), served(run, r.Total.Schedule.P99), digits(run.MeanSlowdown), digits(run.P99SlowdownGeomean),
			digits(run.NormalizedMemory), count(run.PeakNodes), digits(run.NodeSeconds),
			ratio(run.ResponseRatio), ratio(run.NodeRatio), ratio(run.Main), ratio(run.Even))
	}
	p.table(t)
	p.printf("\n")
	for i, r := range results {
		run := &runs[i]
		if r.Partial {
			p.printf("%s: PARTIAL: interrupted after %v, %s in flight given up\n", run.Policy, r.Played.Round(time.Second), plural(r.Unanswered, "call"))
		}
		if run.Failures > 0 {
			p.printf("failures of %s: %s\n", run.Policy, kinds(run.ByKind))
		}
		if run.Penalty > 0 && run.Main != nil {
			p.printf("penalty of %s: %.0f, more than 0.1 %% of the calls failed\n", run.Policy, run.Penalty)
		}
		if run.Problem != "" {
			p.printf("no score for %s: %s\n", run.Policy, run.Problem)
		}
	}
	if out := runs[0].LeftOut; len(out) > 0 {
		p.printf("left out of the scores, for the baseline never served them: %s\n", few(out))
	}
	p.notes(w.Notes)
}

// few lists the first names, and how many there are more.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// served is orZero, but for a run in which no call got a container.
func served(run *SimRun, d time.Duration) string {
	if run.Failures >= run.Calls {
		return "-"
	}
	return orZero(d)
}

// orZero is human, but for a wait of nothing, which is one that was measured.
func orZero(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	return human(d)
}

// ratio writes three decimals; a dash for none.
func ratio(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *v)
}
