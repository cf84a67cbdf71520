package report

import (
	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/sim"
)

// SimRun is the JSON of one simulation.
type SimRun struct {
	Workload string   `json:"workload"`
	Notes    []string `json:"notes,omitempty"`
	Policy   string   `json:"policy"`
	Seed     uint64   `json:"seed"`
	// LengthSeconds is the length of the load.
	LengthSeconds float64 `json:"length_seconds"`
	// Partial: the simulation was interrupted, with Unanswered calls in flight.
	Partial    bool           `json:"partial"`
	Unanswered int            `json:"unanswered"`
	Calls      int            `json:"calls"`
	Failures   int            `json:"failures"`
	ByKind     map[string]int `json:"failures_by_kind"`
	ColdStarts int            `json:"cold_starts"`
	// Waits are calls that waited for a container that was there already, or on its way for another.
	Waits          int     `json:"waits"`
	ScheduleMeanMS float64 `json:"schedule_mean_ms"`
	ScheduleP99MS  float64 `json:"schedule_p99_ms"`
	ResponseMeanMS float64 `json:"response_mean_ms"`
	ResponseP99MS  float64 `json:"response_p99_ms"`

	MeanSlowdown       float64 `json:"mean_slowdown"`
	P99SlowdownGeomean float64 `json:"p99_slowdown_geomean"`
	NormalizedMemory   float64 `json:"normalized_memory"`

	NodeSeconds       float64 `json:"node_seconds"`
	PeakNodes         int     `json:"peak_nodes"`
	ContainersCreated int     `json:"containers_created"`
	ContainersEvicted int     `json:"containers_evicted"`

	// Scores are against the run of the policy baseline on the same workload; null
	// if there is none. ResponseRatio and NodeRatio are their parts.
	simScores
	// Penalty is 10 if more than 0.1 % of the calls failed, else 0. It is in no score.
	Penalty     float64       `json:"penalty"`
	HistoryHash string        `json:"history_hash"`
	Functions   []SimFunction `json:"functions"`
}

// SimFunction is one function of a SimRun.
type SimFunction struct {
	Name           string  `json:"name"`
	Calls          int     `json:"calls"`
	Failures       int     `json:"failures"`
	ColdStarts     int     `json:"cold_starts"`
	Waits          int     `json:"waits"`
	ResponseMeanMS float64 `json:"response_mean_ms"`
	ResponseP99MS  float64 `json:"response_p99_ms"`
	MeanSlowdown   float64 `json:"mean_slowdown"`
	P99Slowdown    float64 `json:"p99_slowdown"`
	// ResponseRatio is the response time by that of the baseline.
	ResponseRatio *float64 `json:"response_ratio"`
}

type simScores struct {
	Main          *float64 `json:"score_75_25"`
	Even          *float64 `json:"score_50_50"`
	ResponseRatio *float64 `json:"response_ratio"`
	NodeRatio     *float64 `json:"node_ratio"`
	Problem       string   `json:"score_problem,omitempty"`
	LeftOut       []string `json:"left_out,omitempty"` // functions that the baseline never served

	byFunction map[string]float64
}

func newSimRun(r, baseline *sim.Result) SimRun {
	run := SimRun{
		Workload: r.Workload.Name, Notes: r.Workload.Notes, Policy: r.Policy, Seed: r.Seed, LengthSeconds: r.Workload.Length.Seconds(),
		Partial: r.Partial, Unanswered: r.Unanswered,
		Calls: r.Total.Calls, Failures: r.Total.Failures, ByKind: r.Failures, ColdStarts: r.Total.ColdStarts, Waits: r.Total.Waits,
		ScheduleMeanMS: millis(r.Total.Schedule.Mean), ScheduleP99MS: millis(r.Total.Schedule.P99),
		ResponseMeanMS: millis(r.Total.Response.Mean), ResponseP99MS: millis(r.Total.Response.P99),
		MeanSlowdown: r.Total.MeanSlowdown, P99SlowdownGeomean: r.P99SlowdownGeomean, NormalizedMemory: r.NormalizedMemory,
		NodeSeconds: r.NodeTime.Seconds(), PeakNodes: r.PeakNodes, ContainersCreated: r.Created, ContainersEvicted: r.Evicted,
		Penalty: score.Run{Functions: r.Counted}.Penalty(), HistoryHash: r.HistoryHash(),
	}
	if baseline != nil {
		run.simScores = newSimScores(r, baseline)
	}
	for _, f := range r.Functions {
		of := SimFunction{
			Name: f.Name, Calls: f.Calls, Failures: f.Failures, ColdStarts: f.ColdStarts, Waits: f.Waits,
			ResponseMeanMS: millis(f.Response.Mean), ResponseP99MS: millis(f.Response.P99),
			MeanSlowdown: f.MeanSlowdown, P99Slowdown: f.P99Slowdown,
		}
		if ratio, ok := run.byFunction[f.Name]; ok {
			of.ResponseRatio = &ratio
		}
		run.Functions = append(run.Functions, of)
	}
	return run
}

func newSimScores(r, baseline *sim.Result) simScores {
	c, err := func() (score.Comparison, error) {
		run, err := r.Score()
		if err != nil {
			return score.Comparison{}, err
		}
		base, err := baseline.Score()
		if err != nil {
			return score.Comparison{}, err
		}
		return score.Compare(run, base)
	}()
	if err != nil {
		return simScores{Problem: err.Error()}
	}
	return compared(c)
}

func compared(c score.Comparison) simScores {
	main, even := c.Score(score.Main), c.Score(score.Even)
	response, nodes := c.Score(score.Weights{Response: 1}), c.NodeRatio
	s := simScores{
		Main: &main, Even: &even, ResponseRatio: &response, NodeRatio: &nodes, LeftOut: c.LeftOut, byFunction: map[string]float64{},
	}
	for _, ratio := range c.Ratios {
		s.byFunction[ratio.Function] = ratio.Value
	}
	return s
}
