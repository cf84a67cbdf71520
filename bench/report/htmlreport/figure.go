package htmlreport

import (
	"math"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/statistics"
)

// figure has one value a run. Less is better, always.
type figure struct {
	// Key is the figure's place in a run's JSON.
	Key, Name, Unit string
	of              func(*report.ContestRun) *float64
	write           func(float64) string
}

var figures = []figure{
	mainScore,
	{"score_50_50", "Score", "50/50", func(r *report.ContestRun) *float64 { return r.Even }, thousandths},
	responseRatio, nodeRatio,
	{"failures", "Failed", "calls", func(r *report.ContestRun) *float64 { return whole(r.Failures) }, digits},
	{"penalty", "Penalty", "", func(r *report.ContestRun) *float64 { return &r.Penalty }, digits},
	coldStarts,
	{"response_mean_ms", "Response", "mean", func(r *report.ContestRun) *float64 { return r.Time(r.ResponseMeanMS) }, millis},
	{"response_p99_ms", "Response", "p99", func(r *report.ContestRun) *float64 { return r.Time(r.ResponseP99MS) }, millis},
	{"mean_slowdown", "Slowdown", "mean", func(r *report.ContestRun) *float64 { return r.Time(r.MeanSlowdown) }, hundredths},
	{"p99_slowdown_geomean", "Slowdown", "p99, geomean", func(r *report.ContestRun) *float64 { return r.Time(r.P99SlowdownGeomean) }, hundredths},
	{"node_seconds", "Node time", "s", func(r *report.ContestRun) *float64 { return &r.NodeSeconds }, digits},
	{"peak_nodes", "Nodes", "peak", func(r *report.ContestRun) *float64 { return whole(r.PeakNodes) }, digits},
	{"containers_created", "Containers", "created", func(r *report.ContestRun) *float64 { return whole(r.ContainersCreated) }, digits},
	{"oom_kills", "OOM", "kills", func(r *report.ContestRun) *float64 { return whole(r.OutOfMemory) }, digits},
	cpuSeconds, peakMemory,
}

// Figures that are drawn too.
var (
	mainScore     = figure{"score_75_25", "Score", "75/25", func(r *report.ContestRun) *float64 { return r.Main }, thousandths}
	responseRatio = figure{"response_ratio", "RT part", "× baseline", func(r *report.ContestRun) *float64 { return r.ResponseRatio }, thousandths}
	nodeRatio     = figure{"node_ratio", "ND part", "× baseline", func(r *report.ContestRun) *float64 { return r.NodeRatio }, thousandths}
	coldStarts    = figure{"cold_starts", "Cold", "starts", func(r *report.ContestRun) *float64 { return whole(r.ColdStarts) }, digits}
)

// What a scheduler's own process used is not known if it was running already.
var (
	cpuSeconds = figure{"scheduler_process.cpu_seconds", "Own CPU", "s", func(r *report.ContestRun) *float64 {
		if r.Process == nil {
			return nil
		}
		return &r.Process.CPUSeconds
	}, digits}
	peakMemory = figure{"scheduler_process.peak_rss_mb", "Own memory", "MB, peak", func(r *report.ContestRun) *float64 {
		if r.Process == nil {
			return nil
		}
		return &r.Process.PeakRSSMB
	}, digits}
)

func whole(n int) *float64 {
	v := float64(n)
	return &v
}

// over is the mean of the figure over those repeats of an entrant that have it.
func (f figure) over(e *entrant) (mean statistics.Estimate, known bool) {
	mean = e.Estimate(f.of)
	if mean.Half < 1e-9*math.Abs(mean.Mean) {
		mean.Half = 0 // equal values, but for rounding
	}
	return mean, !math.IsNaN(mean.Mean)
}
