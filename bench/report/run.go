package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/score"
)

// Run is the JSON of one replay.
type Run struct {
	Workload string   `json:"workload"`
	Notes    []string `json:"notes,omitempty"`
	// Partial: the replay was interrupted, after Unanswered calls were given up.
	Partial         bool    `json:"partial"`
	Unanswered      int     `json:"unanswered"`
	GraceSeconds    float64 `json:"grace_seconds"`
	DurationSeconds float64 `json:"duration_seconds"`
	Calls           int     `json:"calls"`
	Failures        int     `json:"failures"`
	ColdStarts      int     `json:"cold_starts"`
	Latencies
	FailuresByKind map[string]int `json:"failures_by_kind"`
	// LateMS is by how much the sender missed the workload's times.
	LateP50MS float64 `json:"late_p50_ms"`
	LateP99MS float64 `json:"late_p99_ms"`
	LateMaxMS float64 `json:"late_max_ms"`
	// Node figures are null if the ResourceManager was not asked. Nodes counts
	// reservations, PeakNodes those at one time.
	Nodes       *int     `json:"nodes"`
	PeakNodes   *int     `json:"peak_nodes"`
	NodeSeconds *float64 `json:"node_seconds"`
	// Penalty is 10 if more than 0.1 % of the calls failed, else 0. It is in no score.
	Penalty   float64    `json:"penalty"`
	Functions []Function `json:"functions"`
}

// Latencies of calls, in milliseconds: schedule and execution of successful
// ones, response of all.
type Latencies struct {
	ScheduleP50MS  float64 `json:"schedule_p50_ms"`
	ScheduleP99MS  float64 `json:"schedule_p99_ms"`
	ExecutionP50MS float64 `json:"execution_p50_ms"`
	ExecutionP99MS float64 `json:"execution_p99_ms"`
	ResponseP50MS  float64 `json:"response_p50_ms"`
	ResponseP99MS  float64 `json:"response_p99_ms"`
}

// Function is one function of a Run.
type Function struct {
	Name       string `json:"name"`
	Calls      int    `json:"calls"`
	Failures   int    `json:"failures"`
	ColdStarts int    `json:"cold_starts"`
	Latencies
	// CountedSeconds is the sum of schedule latency and execution of successful
	// calls, and FailedSeconds the time until each failed call failed: from
	// these a score can be computed.
	CountedSeconds float64   `json:"counted_seconds"`
	FailedSeconds  []float64 `json:"failed_seconds"`
}

func newRun(r *replay.Result) Run {
	run := Run{
		Workload: r.Workload, Notes: r.Notes, Partial: r.Partial, Unanswered: r.Unanswered,
		GraceSeconds: r.Grace.Seconds(), DurationSeconds: r.Duration.Seconds(),
		Calls: r.Total.Calls, Failures: r.Total.Failures, ColdStarts: r.Total.ColdStarts,
		Latencies: newLatencies(r.Total), FailuresByKind: r.Failures,
		LateP50MS: millis(r.Lateness.P50), LateP99MS: millis(r.Lateness.P99), LateMaxMS: millis(r.MaxLateness),
		Penalty: score.Run{Functions: r.Counted}.Penalty(),
	}
	if n := r.Nodes; n != nil {
		seconds := n.Time.Seconds()
		run.Nodes, run.PeakNodes, run.NodeSeconds = &n.Reservations, &n.Peak, &seconds
	}
	for i, f := range r.Functions {
		counted := r.Counted[i]
		failed := make([]float64, 0, len(counted.Failed))
		for _, d := range counted.Failed {
			failed = append(failed, d.Seconds())
		}
		run.Functions = append(run.Functions, Function{
			Name: f.Name, Calls: f.Calls, Failures: f.Failures, ColdStarts: f.ColdStarts, Latencies: newLatencies(f),
			CountedSeconds: counted.ResponseTime.Seconds(), FailedSeconds: failed,
		})
	}
	return run
}

func newLatencies(s replay.Summary) Latencies {
	return Latencies{
		ScheduleP50MS: millis(s.Schedule.P50), ScheduleP99MS: millis(s.Schedule.P99),
		ExecutionP50MS: millis(s.Execution.P50), ExecutionP99MS: millis(s.Execution.P99),
		ResponseP50MS: millis(s.Response.P50), ResponseP99MS: millis(s.Response.P99),
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ReadRun reads the JSON of a replay back, to score another one against it.
func ReadRun(r io.Reader) (score.Run, error) {
	var run Run
	if err := json.NewDecoder(r).Decode(&run); err != nil {
		return score.Run{}, fmt.Errorf("read run: %w", err)
	}
	switch {
	case len(run.Functions) == 0:
		return score.Run{}, errors.New("read run: it has no functions: want the JSON of a replay")
	case run.Partial:
		return score.Run{}, errors.New("read run: it was interrupted")
	case run.NodeSeconds == nil:
		return score.Run{}, errors.New("read run: it has no node figures")
	}
	out := score.Run{NodeTime: seconds(*run.NodeSeconds)}
	for _, f := range run.Functions {
		counted, err := countedFunction(f.Name, f.Calls, f.Failures, f.CountedSeconds, f.FailedSeconds)
		if err != nil {
			return score.Run{}, fmt.Errorf("read run: %w", err)
		}
		out.Functions = append(out.Functions, counted)
	}
	return out, nil
}

// countedFunction is what of a function counts in the score, from what its JSON has.
func countedFunction(name string, calls, failures int, counted float64, failed []float64) (score.Function, error) {
	f := score.Function{Name: name, Succeeded: calls - failures, ResponseTime: seconds(counted)}
	if f.Succeeded < 0 || failures != len(failed) {
		return f, fmt.Errorf("%s: %d calls, %d failures and %d failed_seconds do not fit", name, calls, failures, len(failed))
	}
	for _, s := range failed {
		f.Failed = append(f.Failed, seconds(s))
	}
	return f, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
