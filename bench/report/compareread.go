package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/minifaas/minifaas/scheduler/policy"
)

// Side is one scheduler of one file, to be compared with others.
type Side struct {
	// File and Name say whose runs they are.
	File, Name string
	Workload   string
	runs       []telling
}

// telling has what bench contest, sim and replay tell alike. What one does not tell is nil.
type telling struct {
	Scheduler, Policy, Workload string
	Platform                    string
	Seed                        uint64
	Repeat                      int
	Partial                     bool

	Setting       *Setting
	LengthSeconds *float64 `json:"length_seconds"`
	WarmUpSeconds *float64 `json:"warm_up_seconds"`
	Calls         *int
	Environment   *Environment

	Main          *float64 `json:"score_75_25"`
	Even          *float64 `json:"score_50_50"`
	ResponseRatio *float64 `json:"response_ratio"`
	NodeRatio     *float64 `json:"node_ratio"`
	Failures      *float64
	Penalty       *float64
	ColdStarts    *float64 `json:"cold_starts"`
	Created       *float64 `json:"containers_created"`
	NodeSeconds   *float64 `json:"node_seconds"`
	ScheduleMean  *float64 `json:"schedule_mean_ms"`
	ScheduleP99   *float64 `json:"schedule_p99_ms"`
	ResponseMean  *float64 `json:"response_mean_ms"`
	ResponseP99   *float64 `json:"response_p99_ms"`
	MeanSlowdown  *float64 `json:"mean_slowdown"`
	P99Slowdown   *float64 `json:"p99_slowdown_geomean"`
}

// withoutTimes takes away the times of a run in which no call was successful, which
// otherwise would be the least of all. Older files have 0 there, as simulations do.
func (t *telling) withoutTimes() {
	if t.Calls != nil && t.Failures != nil && int(*t.Failures) >= *t.Calls {
		t.ScheduleMean, t.ScheduleP99, t.ResponseMean, t.ResponseP99, t.MeanSlowdown, t.P99Slowdown = nil, nil, nil, nil, nil, nil
	}
}

// ReadSides reads the JSON of bench contest, sim or replay. Runs that were
// interrupted are left out; it is an error if no others are there.
func ReadSides(file string, r io.Reader) ([]Side, error) {
	var content struct {
		Runs []telling `json:"runs"`
		telling
	}
	if err := json.NewDecoder(r).Decode(&content); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if content.Runs == nil && content.Workload != "" {
		content.Runs = []telling{content.telling}
	}
	var sides []Side
	for _, run := range content.Runs {
		if run.Partial {
			continue
		}
		if run.Workload == "" || run.Failures == nil {
			return nil, fmt.Errorf("read %s: its runs have no calls of a workload: want the output (-o json) of minifaas bench contest, sim or replay", file)
		}
		run.withoutTimes()
		name := cmp.Or(run.Scheduler, run.Policy, file)
		at := slices.IndexFunc(sides, func(s Side) bool { return s.Name == name && s.Workload == run.Workload })
		if at < 0 {
			at = len(sides)
			sides = append(sides, Side{File: file, Name: name, Workload: run.Workload})
		}
		sides[at].runs = append(sides[at].runs, run)
	}
	if len(sides) == 0 {
		return nil, fmt.Errorf("read %s: %w", file, errors.New("it has no run that was played to its end: want the output (-o json) of minifaas bench contest, sim or replay"))
	}
	return sides, nil
}

// isBaseline: its scores say nothing, they are 1.
func (s *Side) isBaseline() bool { return s.Name == (policy.Baseline{}).Name() }
