package report

// ContestRun is the JSON of one scheduler's run in a contest. It has the keys of
// SimRun, as far as they can be known from outside of a scheduler.
type ContestRun struct {
	// Scheduler is the name under which it ranks. Policy is set if it is one of ours.
	Scheduler string `json:"scheduler"`
	Policy    string `json:"policy,omitempty"`
	Workload  string `json:"workload"`
	Seed      uint64 `json:"seed"`
	// Repeat counts the runs of one scheduler with the same workload, from 0.
	Repeat int `json:"repeat"`
	// Platform is simulated or local: what the nodes were.
	Platform string   `json:"platform"`
	Notes    []string `json:"notes,omitempty"`
	// Setting is what else was chosen: runs are comparable if theirs are the same.
	Setting Setting `json:"setting"`
	// Command plays the whole contest again, in a shell.
	Command string `json:"command"`
	// Partial: the run was interrupted, with Unanswered calls in flight.
	Partial    bool `json:"partial"`
	Unanswered int  `json:"unanswered"`
	// PlatformFailure says what of the bench's own platform died in the run, which is then
	// partial and says nothing of the scheduler; empty for nothing.
	PlatformFailure string  `json:"platform_failure,omitempty"`
	GraceSeconds    float64 `json:"grace_seconds"`
	DurationSeconds float64 `json:"duration_seconds"`
	// WarmUpSeconds of the load are left out of latencies and slowdowns.
	WarmUpSeconds float64        `json:"warm_up_seconds"`
	Calls         int            `json:"calls"`
	Failures      int            `json:"failures"`
	ByKind        map[string]int `json:"failures_by_kind"`
	ColdStarts    int            `json:"cold_starts"`
	// ColdCauses counts cold starts by what the function had when they were called:
	// see Cause.
	ColdCauses     map[string]int `json:"cold_causes"`
	ScheduleMeanMS float64        `json:"schedule_mean_ms"`
	ScheduleP99MS  float64        `json:"schedule_p99_ms"`
	ResponseMeanMS float64        `json:"response_mean_ms"`
	ResponseP99MS  float64        `json:"response_p99_ms"`

	// MeanSlowdown is over calls of response by the work's time alone;
	// P99SlowdownGeomean the geometric mean over functions of its 99th percentile.
	MeanSlowdown       float64 `json:"mean_slowdown"`
	P99SlowdownGeomean float64 `json:"p99_slowdown_geomean"`

	NodeSeconds       float64 `json:"node_seconds"`
	PeakNodes         int     `json:"peak_nodes"`
	NodesRefused      int     `json:"nodes_refused"` // ReserveNode answered RESOURCE_EXHAUSTED
	ContainersCreated int     `json:"containers_created"`
	ContainersFailed  int     `json:"containers_failed"`
	ContainersRemoved int     `json:"containers_removed"` // by the scheduler
	OutOfMemory       int     `json:"oom_kills"`

	// Scores are against the run of the baseline with the same seed and repeat.
	simScores
	Penalty   float64           `json:"penalty"`
	Functions []ContestFunction `json:"functions"`

	// Response is how many of the calls had ended after so long; in this as in all
	// responses and slowdowns, but not in Heat, a failed call counts 60 s at least.
	Response []CDFPoint `json:"response_cdf"`
	Series   Series     `json:"series"`

	// Process is the scheduler's own; null if it was not started here.
	Process *SchedulerProcess `json:"scheduler_process"`
	// Troubles are what the scheduler did that it must not do, or that ended it.
	Troubles []Trouble `json:"troubles,omitempty"`

	Environment Environment `json:"environment"`
}

// Setting is what a contest was played with, beside workload, seed and platform.
type Setting struct {
	LengthSeconds float64 `json:"length_seconds"`
	GraceSeconds  float64 `json:"grace_seconds"`
	Available     int     `json:"available"`
	MaxNodes      int     `json:"max_nodes"`
	RefillSeconds float64 `json:"refill_seconds"`
	CreateScale   float64 `json:"create_scale"`
	TimeScale     float64 `json:"time_scale"`
}

// Cause is why a call was cold, as it looks from outside.
const (
	CauseFirst  = "first call"        // the function had never been called
	CauseGone   = "none kept"         // it had no container (any more)
	CauseComing = "one on its way"    // it had none yet, but one was being made
	CauseBusy   = "all busy"          // each of its containers had calls
	CauseIdle   = "idle one not used" // one of its containers had none
)

// ContestFunction is one function of a ContestRun.
type ContestFunction struct {
	Name            string   `json:"name"`
	Calls           int      `json:"calls"`
	Failures        int      `json:"failures"`
	ColdStarts      int      `json:"cold_starts"`
	ScheduleMeanMS  float64  `json:"schedule_mean_ms"`
	ExecutionMeanMS float64  `json:"execution_mean_ms"`
	ResponseMeanMS  float64  `json:"response_mean_ms"`
	ResponseP50MS   float64  `json:"response_p50_ms"`
	ResponseP99MS   float64  `json:"response_p99_ms"`
	MeanSlowdown    float64  `json:"mean_slowdown"`
	P99Slowdown     float64  `json:"p99_slowdown"`
	ResponseRatio   *float64 `json:"response_ratio"`
	// CountedSeconds and FailedSeconds are what a score is computed from, as in Function.
	CountedSeconds float64    `json:"counted_seconds"`
	FailedSeconds  []float64  `json:"failed_seconds"`
	Response       []CDFPoint `json:"response_cdf"`
	// Heat is the mean response time in each step of Series, by when calls were to be sent; 0 without calls.
	Heat []float64 `json:"heat_ms"`
}

// CDFPoint says that a share of the calls, 0 to 1, took at most so long.
type CDFPoint struct {
	MS    float64 `json:"ms"`
	Share float64 `json:"share"`
}

// Series are the platform's figures over time, from the scheduler's start: a value
// at the end of each step. InFlight calls are those sent and not ended; Queued are
// those of them for which there is no container yet.
type Series struct {
	StepSeconds float64   `json:"step_seconds"`
	Nodes       []int     `json:"nodes"`
	Containers  []int     `json:"containers"`
	Busy        []int     `json:"busy_containers"`
	InFlight    []int     `json:"in_flight"`
	Queued      []int     `json:"queued"`
	MemoryMB    []float64 `json:"memory_mb"` // used on all nodes
	CPUCores    []float64 `json:"cpu_cores"` // used on all nodes, mean of the step
}

// SchedulerProcess is what the scheduler's process used.
type SchedulerProcess struct {
	Command    string  `json:"command"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakRSSMB  float64 `json:"peak_rss_mb"`
	// Exit says how it ended, if it did before it was stopped.
	Exit string `json:"exit,omitempty"`
}

// Trouble is a kind of wrong answer, how often there was one, and the first in words.
type Trouble struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	First string `json:"first"`
}

// Environment is where a run took place.
type Environment struct {
	OS       string `json:"os"`
	Kernel   string `json:"kernel"`
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemoryMB int64  `json:"memory_mb"`
	Go       string `json:"go"`
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	At       string `json:"at"` // RFC 3339
}
