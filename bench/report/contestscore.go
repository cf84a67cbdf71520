package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// ReadContest reads what bench contest -o json has written.
func ReadContest(r io.Reader) ([]ContestRun, error) {
	var file struct {
		Runs []ContestRun `json:"runs"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, fmt.Errorf("read contest: %w", err)
	}
	if len(file.Runs) == 0 || file.Runs[0].Scheduler == "" {
		return nil, errors.New("read contest: it has no runs of schedulers: want the output of minifaas bench contest -o json")
	}
	return file.Runs, nil
}

// IsBaseline: the run is one of the policy that scores are against.
func (r *ContestRun) IsBaseline() bool { return r.Policy == (policy.Baseline{}).Name() }

// ScoreContest fills in the scores of the runs, each against the baseline's run of
// the same workload, seed, platform, setting and repeat; where there is no such repeat, against its first.
// Baselines are those among the runs, or else the further ones. A function that one of
// these repeats never served is left out of the scores against all of them: they
// would not be of the same functions otherwise.
func ScoreContest(runs, further []ContestRun) {
	for i := range runs {
		run := &runs[i]
		baselines := baselinesOf(run, runs)
		if baselines == nil {
			baselines = baselinesOf(run, further)
		}
		if baselines == nil {
			run.Problem = "there is no run of the baseline with this workload, seed, platform and setting"
			continue
		}
		run.score(baselines)
	}
}

func baselinesOf(run *ContestRun, among []ContestRun) []*ContestRun {
	var all []*ContestRun
	for i := range among {
		if b := &among[i]; b.IsBaseline() && b.Workload == run.Workload && b.Seed == run.Seed && b.Platform == run.Platform && b.Setting == run.Setting {
			all = append(all, b)
		}
	}
	return all
}

func (r *ContestRun) score(baselines []*ContestRun) {
	baseline, leftOut := baselines[0], map[string]bool{}
	for _, b := range baselines {
		if b.Repeat == r.Repeat {
			baseline = b
		}
		for i := range b.Functions {
			if f := &b.Functions[i]; !b.Partial && f.Calls > 0 && f.Calls == f.Failures {
				leftOut[f.Name] = true
			}
		}
	}
	c, err := func() (score.Comparison, error) {
		run, err := r.counted(leftOut)
		if err != nil {
			return score.Comparison{}, err
		}
		base, err := baseline.counted(leftOut)
		if err != nil {
			return score.Comparison{}, fmt.Errorf("the baseline: %w", err)
		}
		return score.Compare(run, base)
	}()
	if err != nil {
		r.Problem = err.Error()
		return
	}
	r.simScores = compared(c)
	r.LeftOut = slices.Sorted(maps.Keys(leftOut))
	for i := range r.Functions {
		if ratio, ok := r.byFunction[r.Functions[i].Name]; ok {
			r.Functions[i].ResponseRatio = &ratio
		}
	}
}

// counted is what of the run counts in the score, without the functions that are left out.
func (r *ContestRun) counted(leftOut map[string]bool) (score.Run, error) {
	if r.PlatformFailure != "" {
		return score.Run{}, errors.New("the run is not valid")
	}
	if r.Partial {
		return score.Run{}, errors.New("the run was interrupted")
	}
	run := score.Run{NodeTime: seconds(r.NodeSeconds)}
	for i := range r.Functions {
		f := &r.Functions[i]
		if leftOut[f.Name] {
			continue
		}
		of, err := countedFunction(f.Name, f.Calls, f.Failures, f.CountedSeconds, f.FailedSeconds)
		if err != nil {
			return score.Run{}, err
		}
		run.Functions = append(run.Functions, of)
	}
	return run, nil
}
