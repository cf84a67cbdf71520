package contest

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/internal/portable"
)

// run is the report of what was recorded.
func (r *recorder) run(result *replay.Result) *report.ContestRun {
	// Records come in the order in which calls ended; the stories are told in that in which they came.
	slices.SortStableFunc(r.records, func(a, b replay.Record) int { return cmp.Compare(a.Offset, b.Offset) })
	c := &r.cfg
	run := &report.ContestRun{
		Scheduler: c.Name, Policy: c.Policy, Workload: c.Workload.Name, Seed: c.Seed, Repeat: c.Repeat, Platform: c.Platform,
		Notes: result.Notes, Partial: result.Partial, Unanswered: result.Unanswered,
		GraceSeconds: result.Grace.Seconds(), DurationSeconds: result.Duration.Seconds(), WarmUpSeconds: c.WarmUp.Seconds(),
		Calls: result.Total.Calls, Failures: result.Total.Failures, ByKind: result.Failures,
		ColdStarts: result.Total.ColdStarts, ColdCauses: r.coldCauses(),
		ContainersCreated: int(r.counters.created), ContainersFailed: int(r.counters.failed),
		ContainersRemoved: int(r.counters.removed), OutOfMemory: int(r.counters.outOfMemory),
		Penalty:     score.Run{Functions: result.Counted}.Penalty(),
		Series:      r.series(result),
		Process:     r.process,
		Environment: c.Environment,
	}
	if n := result.Nodes; n != nil {
		run.NodeSeconds, run.PeakNodes, run.NodesRefused = n.Time.Seconds(), n.Peak, n.Refused
	}
	r.addLatencies(run, result)
	r.troubles.observe(r.records)
	run.Troubles = r.troubles.list()
	return run
}

// addLatencies fills in what is made of calls' times, in all and by function.
func (r *recorder) addLatencies(run *report.ContestRun, result *replay.Result) {
	all := newLatencies()
	functions := make([]*latencies, len(r.cfg.Workload.Functions))
	for i := range functions {
		functions[i] = newLatencies()
	}
	heat := newHeat(r, len(functions), len(run.Series.Nodes))
	for i := range r.records {
		rec := &r.records[i]
		heat.add(rec)
		if rec.Offset >= r.cfg.WarmUp {
			all.add(rec)
			functions[rec.Index].add(rec)
		}
	}
	all.sort()
	run.ScheduleMeanMS, run.ScheduleP99MS = millis(mean(all.schedule)), millis(percentile(all.schedule, 99))
	run.ResponseMeanMS, run.ResponseP99MS = millis(mean(all.response)), millis(percentile(all.response, 99))
	run.MeanSlowdown = all.meanSlowdown()
	run.Response = cdf(all.response, totalPoints)
	logs, called := 0.0, 0
	for i, summary := range result.Functions {
		f, counted := functions[i], result.Counted[i]
		f.sort()
		of := report.ContestFunction{
			Name: summary.Name, Calls: summary.Calls, Failures: summary.Failures, ColdStarts: summary.ColdStarts,
			ScheduleMeanMS: millis(mean(f.schedule)), ExecutionMeanMS: millis(mean(f.execution)), ResponseMeanMS: millis(mean(f.response)),
			ResponseP50MS: millis(percentile(f.response, 50)), ResponseP99MS: millis(percentile(f.response, 99)),
			MeanSlowdown: f.meanSlowdown(), P99Slowdown: percentile(f.slowdown, 99),
			CountedSeconds: counted.ResponseTime.Seconds(), FailedSeconds: []float64{},
			Response: cdf(f.response, functionPoints), Heat: heat.means(i),
		}
		for _, d := range counted.Failed {
			of.FailedSeconds = append(of.FailedSeconds, d.Seconds())
		}
		if of.P99Slowdown > 0 {
			logs += portable.Log(of.P99Slowdown)
			called++
		}
		run.Functions = append(run.Functions, of)
	}
	if called > 0 {
		run.P99SlowdownGeomean = portable.Exp(logs / float64(called))
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
