package shadow

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// figure is a metric of each run, or of the report: how to write it and to read it back.
type figure[T any] struct {
	name, help string
	get        func(*T) float64
	set        func(*T, float64)
}

var runFigures = []figure[Run]{
	{"calls", "Calls that have ended.", func(r *Run) float64 { return float64(r.Calls) }, func(r *Run, v float64) { r.Calls = int(v) }},
	{"failures", "Calls that were refused, timed out or lost their container.", func(r *Run) float64 { return float64(r.Failures) }, func(r *Run, v float64) { r.Failures = int(v) }},
	{"cold_starts", "Calls that waited for a container that was created.", func(r *Run) float64 { return float64(r.ColdStarts) }, func(r *Run, v float64) { r.ColdStarts = int(v) }},
	{"slowdown_mean", "Mean of the calls' response by what each took alone.", func(r *Run) float64 { return r.MeanSlowdown }, func(r *Run, v float64) { r.MeanSlowdown = v }},
	{"slowdown_p99", "99th percentile of the calls' response by what each took alone.", func(r *Run) float64 { return r.P99Slowdown }, func(r *Run, v float64) { r.P99Slowdown = v }},
	{"node_seconds", "Time that nodes were reserved.", func(r *Run) float64 { return r.NodeTime.Seconds() }, func(r *Run, v float64) { r.NodeTime = seconds(v) }},
	{"memory_byte_seconds", "Memory of the containers by the time they were there.", func(r *Run) float64 { return r.MemoryTime }, func(r *Run, v float64) { r.MemoryTime = v }},
}

var reportFigures = []figure[Report]{
	{"since_timestamp_seconds", "When measuring began.", func(r *Report) float64 { return timestamp(r.Since) }, func(r *Report, v float64) { r.Since = wall(v) }},
	{"until_timestamp_seconds", "Until when all calls that have ended are known.", func(r *Report) float64 { return timestamp(r.Until) }, func(r *Report, v float64) { r.Until = wall(v) }},
	{"dropped_calls", "Calls that are in no run.", func(r *Report) float64 { return float64(r.Dropped) }, func(r *Report, v float64) { r.Dropped = int(v) }},
	{"missed_events", "Events of nodes and containers that are in no run.", func(r *Report) float64 { return float64(r.Missed) }, func(r *Report, v float64) { r.Missed = int(v) }},
}

const (
	prefix = "faas_shadow_"
	// stopped is 1 for a run that has ended, with the reason as a label.
	stopped     = "stopped"
	stoppedHelp = "Simulations that have ended, and why."
)

func seconds(v float64) time.Duration { return time.Duration(math.Round(v * 1e9)) }
func timestamp(t time.Time) float64   { return float64(t.UnixMilli()) / 1000 }
func wall(v float64) time.Time        { return time.UnixMilli(int64(math.Round(v * 1000))) }
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (r *Runner) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(r, ch) }

// Collect implements prometheus.Collector.
func (r *Runner) Collect(ch chan<- prometheus.Metric) {
	report := r.Report()
	for _, f := range reportFigures {
		ch <- prometheus.MustNewConstMetric(desc(f.name, f.help), prometheus.GaugeValue, f.get(report))
	}
	for i := range report.Runs {
		run := &report.Runs[i]
		for _, f := range runFigures {
			ch <- prometheus.MustNewConstMetric(desc(f.name, f.help, "policy", "kind"), prometheus.GaugeValue, f.get(run), run.Policy, string(run.Kind))
		}
		if run.Problem != "" {
			ch <- prometheus.MustNewConstMetric(desc(stopped, stoppedHelp, "policy", "kind", "reason"), prometheus.GaugeValue, 1,
				run.Policy, string(run.Kind), run.Problem)
		}
	}
}

// ErrNone is that metrics were scraped where no shadows run.
var ErrNone = errors.New("no shadows run there: start minifaas up or minifaas scheduler with --shadow and the policies' names")

// Read makes a report of scraped metrics.
func Read(families map[string]*dto.MetricFamily) (*Report, error) {
	report := &Report{}
	for _, f := range reportFigures {
		family := families[prefix+f.name]
		if family == nil || len(family.Metric) == 0 {
			return nil, ErrNone
		}
		f.set(report, family.Metric[0].GetGauge().GetValue())
	}
	for _, f := range runFigures {
		for _, m := range families[prefix+f.name].GetMetric() {
			f.set(report.run(m), m.GetGauge().GetValue())
		}
	}
	if len(report.Runs) == 0 {
		return nil, ErrNone
	}
	for _, m := range families[prefix+stopped].GetMetric() {
		report.run(m).Problem = label(m, "reason")
	}
	order := []Kind{Live, Control, Shadow}
	slices.SortStableFunc(report.Runs, func(a, b Run) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Policy, b.Policy))
	})
	return report, nil
}

// run is the one that the metric is of. It is made when it is not there.
func (r *Report) run(m *dto.Metric) *Run {
	policy, kind := label(m, "policy"), Kind(label(m, "kind"))
	for i := range r.Runs {
		if r.Runs[i].Policy == policy && r.Runs[i].Kind == kind {
			return &r.Runs[i]
		}
	}
	r.Runs = append(r.Runs, Run{Policy: policy, Kind: kind})
	return &r.Runs[len(r.Runs)-1]
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
