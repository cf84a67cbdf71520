package report

import "encoding/json"

// Time is a figure made of the times of calls; nil if no call of the run was successful,
// so that who never serves is not the fastest.
func (r *ContestRun) Time(v float64) *float64 { return timeOf(r.Calls, r.Failures, v) }

// Time is as that of a run.
func (f *ContestFunction) Time(v float64) *float64 { return timeOf(f.Calls, f.Failures, v) }

func timeOf(calls, failures int, v float64) *float64 {
	if failures >= calls {
		return nil
	}
	return &v
}

// MarshalJSON writes times of no successful call as null. They are read back as 0.
func (r ContestRun) MarshalJSON() ([]byte, error) {
	type fields ContestRun
	return json.Marshal(struct {
		fields
		ScheduleMeanMS     *float64 `json:"schedule_mean_ms"`
		ScheduleP99MS      *float64 `json:"schedule_p99_ms"`
		ResponseMeanMS     *float64 `json:"response_mean_ms"`
		ResponseP99MS      *float64 `json:"response_p99_ms"`
		MeanSlowdown       *float64 `json:"mean_slowdown"`
		P99SlowdownGeomean *float64 `json:"p99_slowdown_geomean"`
	}{
		fields(r), r.Time(r.ScheduleMeanMS), r.Time(r.ScheduleP99MS), r.Time(r.ResponseMeanMS), r.Time(r.ResponseP99MS),
		r.Time(r.MeanSlowdown), r.Time(r.P99SlowdownGeomean),
	})
}

// MarshalJSON is as that of a run.
func (f ContestFunction) MarshalJSON() ([]byte, error) {
	type fields ContestFunction
	return json.Marshal(struct {
		fields
		ScheduleMeanMS  *float64 `json:"schedule_mean_ms"`
		ExecutionMeanMS *float64 `json:"execution_mean_ms"`
		ResponseMeanMS  *float64 `json:"response_mean_ms"`
		ResponseP50MS   *float64 `json:"response_p50_ms"`
		ResponseP99MS   *float64 `json:"response_p99_ms"`
		MeanSlowdown    *float64 `json:"mean_slowdown"`
		P99Slowdown     *float64 `json:"p99_slowdown"`
	}{
		fields(f), f.Time(f.ScheduleMeanMS), f.Time(f.ExecutionMeanMS), f.Time(f.ResponseMeanMS), f.Time(f.ResponseP50MS), f.Time(f.ResponseP99MS),
		f.Time(f.MeanSlowdown), f.Time(f.P99Slowdown),
	})
}
