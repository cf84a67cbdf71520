package htmlreport

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/minifaas/minifaas/bench/report"
)

// style is how a made-up scheduler behaves.
type style struct {
	name, policy string
	// slow is its response time by that of the baseline.
	slow, nodes float64
	// diesAt is the second in which its process dies; 0 for never.
	diesAt float64
}

var styles = []style{
	{"baseline", "baseline", 1, 16, 0},
	{"adaptive", "adaptive", 0.6, 6, 0},
	{"first-fit.py", "", 1.3, 11, 152},
}

// sample is a contest that never was, the same at every call: each style's
// runs of 300 s after 45 s of grace, in steps of 0.5 s.
func sample(styles []style, functions, repeats int) []report.ContestRun {
	var runs []report.ContestRun
	for i, s := range styles {
		for repeat := range repeats {
			runs = append(runs, sampleRun(s, rand.New(rand.NewPCG(uint64(i), uint64(repeat))), functions, repeat))
		}
	}
	return runs
}

const (
	sampleSteps = 690
	sampleGrace = 90 // steps
)

func sampleRun(s style, r *rand.Rand, functions, repeat int) report.ContestRun {
	run := report.ContestRun{
		Scheduler: s.name, Policy: s.policy, Workload: "contest-2020", Seed: 7 + uint64(repeat), Repeat: repeat, Platform: "simulated", Command: "minifaas bench contest --seed 7",
		Notes:        []string{"a slice of 300 s of 1,223 s, at the same rates"},
		GraceSeconds: 45, DurationSeconds: 300, ByKind: map[string]int{}, ColdCauses: map[string]int{},
		Process: &report.SchedulerProcess{Command: "minifaas scheduler --policy " + s.policy, CPUSeconds: 4 + 3*r.Float64(), PeakRSSMB: 30 + 20*r.Float64()},
		Environment: report.Environment{
			OS: "Debian GNU/Linux 12", Kernel: "6.1.0-27", CPU: "AMD EPYC 7B13", Cores: 2, MemoryMB: 7944,
			Go: "go1.26.8", Version: "1.4.0", Commit: "8cff4101f0d2a3c4", At: "2026-11-21T16:20:31Z",
		},
	}
	died := sampleSteps
	if s.diesAt > 0 {
		died = int(s.diesAt * 2)
		run.Process.Command, run.Process.Exit = "python3 'my scheduler.py' --port $SERVICE_PORT", "exit status 1 after 152 s"
		run.Troubles = []report.Trouble{
			{Kind: "its process ended before the run did", Count: 1, First: "after 152 s: KeyError: 'container-17'"},
			{Kind: "containers granted that are another function's", Count: 4, First: "resize got c-31, which runs notify"},
		}
	}
	run.Series = sampleSeries(s, r, died)
	var times []float64
	for i := range functions {
		f := sampleFunction(s, r, i, died)
		run.Functions = append(run.Functions, f)
		run.Calls, run.Failures, run.ColdStarts = run.Calls+f.Calls, run.Failures+f.Failures, run.ColdStarts+f.ColdStarts
		for _, p := range f.Response {
			times = append(times, p.MS)
		}
	}
	run.Response = cdf(times)
	run.ResponseMeanMS, run.ResponseP99MS = 180*s.slow*(1+0.02*r.Float64()), 2100*s.slow*(1+0.1*r.Float64())
	run.MeanSlowdown, run.P99SlowdownGeomean = 1+0.7*s.slow, 1+6*s.slow
	run.ColdCauses[report.CauseFirst] = functions
	run.ColdCauses[report.CauseGone] = run.ColdStarts / 3
	run.ColdCauses[report.CauseBusy] = run.ColdStarts - functions - run.ColdStarts/3
	for _, n := range run.Series.Nodes {
		run.PeakNodes = max(run.PeakNodes, n)
		run.NodeSeconds += float64(n) * run.Series.StepSeconds
	}
	run.ContainersCreated = run.ColdStarts + 12
	if run.Failures > 0 {
		run.ByKind["UNAVAILABLE"], run.Penalty = run.Failures, 10
	}
	response, nodes := s.slow*(1+0.03*r.Float64()), s.nodes/16*(1+0.02*r.Float64())
	if s.policy == "baseline" {
		response, nodes = 1, 1
	}
	main, even := 0.75*response+0.25*nodes, 0.5*response+0.5*nodes
	run.Main, run.Even, run.ResponseRatio, run.NodeRatio = &main, &even, &response, &nodes
	return run
}

func sampleSeries(s style, r *rand.Rand, died int) report.Series {
	series := report.Series{StepSeconds: 0.5}
	busy := 0.0
	for i := range sampleSteps {
		wanted := 0.0
		if i >= sampleGrace && i < died {
			wanted = 30 + 25*float64((i/60)%3)
		}
		busy += (wanted - busy) * 0.1 * (0.5 + r.Float64())
		grown := min(1, float64(i)/260)
		containers := max(busy, 140*s.slow*grown)
		series.Nodes = append(series.Nodes, 1+int((s.nodes-1)*grown))
		series.Containers = append(series.Containers, int(containers))
		series.Busy = append(series.Busy, int(busy))
		queued := int(busy * s.slow * 0.3 * r.Float64())
		series.Queued = append(series.Queued, queued)
		series.InFlight = append(series.InFlight, int(busy)+queued)
		series.MemoryMB = append(series.MemoryMB, containers*37.31)
		series.CPUCores = append(series.CPUCores, busy*0.093)
	}
	return series
}

func sampleFunction(s style, r *rand.Rand, i, died int) report.ContestFunction {
	alone := []float64{12, 154, 1000, 320, 2400}[i%5] * (1 + 0.1*float64(i))
	ratio := s.slow * (0.7 + 0.6*r.Float64())
	if s.policy == "baseline" {
		ratio = 1
	}
	f := report.ContestFunction{
		Name: fmt.Sprintf("%s-%d", []string{"hello", "thumbnail", "wait", "resize", "train-a-model"}[i%5], i), Calls: 40 + 700*(i%4),
		ColdStarts: 3 + i%7, ExecutionMeanMS: alone, ResponseMeanMS: alone * 1.5 * ratio, ResponseP50MS: alone * 1.1 * ratio,
		ResponseP99MS: alone * 8 * ratio, MeanSlowdown: 1.5 * ratio, P99Slowdown: 8 * ratio, ResponseRatio: &ratio,
	}
	if died < sampleSteps {
		f.Failures = f.Calls / 2
	}
	f.Heat = make([]float64, sampleSteps)
	var times []float64
	for step := sampleGrace; step < sampleSteps; step++ {
		if (step/(5+i))%3 == 0 && i%4 != 3 {
			continue // between rounds
		}
		took := alone * ratio * (1 + 0.5*r.ExpFloat64())
		if step < sampleGrace+20 {
			took += 1800 * s.slow
		}
		if step >= died {
			took = 2
		}
		f.Heat[step] = took
		times = append(times, took)
	}
	f.Response = cdf(times)
	return f
}

// cdf has every hundredth of the calls, and every thousandth of the last.
func cdf(times []float64) []report.CDFPoint {
	slices.Sort(times)
	var points []report.CDFPoint
	for i := range 110 {
		share := float64(i) / 100
		if i > 99 {
			share = 0.99 + float64(i-99)/1000
		}
		points = append(points, report.CDFPoint{MS: times[int(share*float64(len(times)-1))], Share: share})
	}
	return points
}
