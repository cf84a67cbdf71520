package report

import (
	"fmt"
	"io"
	"time"

	"github.com/minifaas/minifaas/bench/shadow"
)

// ShadowReport is the JSON of shadows.
type ShadowReport struct {
	Since        time.Time `json:"since"`
	Until        time.Time `json:"until"`
	DroppedCalls int       `json:"dropped_calls"`
	MissedEvents int       `json:"missed_events"`
	// Runs are the live one, its control, and the other policies.
	Runs []ShadowRun `json:"runs"`
}

// ShadowRun is one policy. Its ratios are to the live run, and null where that has 0.
type ShadowRun struct {
	Policy           string   `json:"policy"`
	Kind             string   `json:"kind"`
	Calls            int      `json:"calls"`
	Failures         int      `json:"failures"`
	ColdStarts       int      `json:"cold_starts"`
	MeanSlowdown     float64  `json:"mean_slowdown"`
	P99Slowdown      float64  `json:"p99_slowdown"`
	NodeSeconds      float64  `json:"node_seconds"`
	MemoryGiBSeconds float64  `json:"memory_gib_seconds"`
	ColdStartRatio   *float64 `json:"cold_start_ratio"`
	SlowdownRatio    *float64 `json:"mean_slowdown_ratio"`
	NodeRatio        *float64 `json:"node_ratio"`
	MemoryRatio      *float64 `json:"memory_ratio"`
	// Problem is why the simulation has ended.
	Problem string `json:"problem,omitempty"`
}

// Shadow writes what the shadows of a scheduler have found.
func Shadow(w io.Writer, format Format, r *shadow.Report) error {
	out := ShadowReport{Since: r.Since, Until: r.Until, DroppedCalls: r.Dropped, MissedEvents: r.Missed, Runs: []ShadowRun{}}
	for i := range r.Runs {
		out.Runs = append(out.Runs, newShadowRun(&r.Runs[i], &r.Runs[0]))
	}
	if format == JSON {
		return writeJSON(w, out)
	}
	p := &page{w: w}
	p.shadows(&out)
	return p.done()
}

func newShadowRun(r, live *shadow.Run) ShadowRun {
	return ShadowRun{
		Policy: r.Policy, Kind: string(r.Kind), Calls: r.Calls, Failures: r.Failures, ColdStarts: r.ColdStarts,
		MeanSlowdown: r.MeanSlowdown, P99Slowdown: r.P99Slowdown,
		NodeSeconds: r.NodeTime.Seconds(), MemoryGiBSeconds: r.MemoryTime / (1 << 30), Problem: r.Problem,
		ColdStartRatio: by(float64(r.ColdStarts), float64(live.ColdStarts)),
		SlowdownRatio:  by(r.MeanSlowdown, live.MeanSlowdown),
		NodeRatio:      by(r.NodeTime.Seconds(), live.NodeTime.Seconds()),
		MemoryRatio:    by(r.MemoryTime, live.MemoryTime),
	}
}

func by(v, of float64) *float64 {
	if of == 0 {
		return nil
	}
	ratio := v / of
	return &ratio
}

func (p *page) shadows(r *ShadowReport) {
	p.printf("%v from %s to %s: %s\n\n", r.Until.Sub(r.Since).Round(time.Second),
		r.Since.Format(time.DateTime), r.Until.Format(time.TimeOnly), plural(r.Runs[0].Calls, "call"))
	t := &table{groups: []group{{"", 1}, {"", 1}, {"", 1}, {"cold", 1}, {"slowdown", 2}, {"node-", 1}, {"memory", 1}, {"to live:", 1}, {"", 3}}}
	t.add("policy", "run", "failures", "starts", "mean", "p99", "seconds", "GiB-s", "cold", "slowdown", "nodes", "memory")
	for _, run := range r.Runs {
		t.add(run.Policy, run.Kind, count(run.Failures), count(run.ColdStarts), digits(run.MeanSlowdown), digits(run.P99Slowdown),
			digits(run.NodeSeconds), digits(run.MemoryGiBSeconds),
			ratio(run.ColdStartRatio), ratio(run.SlowdownRatio), ratio(run.NodeRatio), ratio(run.MemoryRatio))
	}
	p.table(t)
	p.printf("\n")
	for _, run := range r.Runs {
		switch {
		case run.Problem != "":
			p.printf("%s has stopped: %s\n", run.Policy, run.Problem)
		case run.Kind == string(shadow.Control):
			p.printf("trust: the control is %s simulated; it is off the live figures by %s in cold starts, %s in slowdown,\n"+
				"%s in nodes and %s in memory. What a shadow differs by less than that means nothing.\n", run.Policy,
				off(run.ColdStartRatio), off(run.SlowdownRatio), off(run.NodeRatio), off(run.MemoryRatio))
		}
	}
	if r.DroppedCalls > 0 {
		p.printf("%s calls are in no run: they came too fast, or nothing is known of what they would have done\n", count(r.DroppedCalls))
	}
	if r.MissedEvents > 0 {
		p.printf("%s events were missed: the live figures of nodes and memory are not to be trusted\n", count(r.MissedEvents))
	}
}

// off is how far a ratio is from 1.
func off(ratio *float64) string {
	if ratio == nil {
		return "an unknown part"
	}
	return fmt.Sprintf("%+.1f %%", 100*(*ratio-1))
}
