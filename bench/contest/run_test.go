package contest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/trace"
)

const ms = time.Millisecond

var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// recorded is a run of two functions, f and g, whose first call comes a second after its start.
func recorded(scale float64, records ...replay.Record) *recorder {
	for i := range records {
		rec := &records[i]
		rec.Index = int(rec.Function[0] - 'f')
		rec.Sent = rec.Error != replay.SchedulerGone
		rec.Intended = began.Add(time.Duration(float64(time.Second+rec.Offset) / max(scale, 1)))
		if rec.Error == "" && rec.Container == "" {
			rec.Container = "c"
		}
	}
	w := &trace.Workload{Name: "w", Functions: []trace.Function{{Name: "f"}, {Name: "g"}}, Length: 2 * time.Second}
	return &recorder{cfg: Config{Name: "x", Workload: w, TimeScale: scale}, started: began, records: records}
}

func TestRun(t *testing.T) {
	r := recorded(1,
		replay.Record{Function: "g", Offset: 600 * ms, Work: 100 * ms, Schedule: 100 * ms, Execution: 300 * ms, Response: 400 * ms},
		replay.Record{Function: "f", Offset: 0, Work: 10 * ms, Schedule: 500 * ms, Execution: 20 * ms, Response: 520 * ms, ColdStart: true},
		replay.Record{Function: "f", Offset: 700 * ms, Work: 0, Response: ms, Error: "Internal"},
	)
	r.counters = counters{created: 1, failed: 2, removed: 3, outOfMemory: 4}
	run := r.run(&replay.Result{
		Grace: time.Second, Duration: 2 * time.Second, Failures: map[string]int{"Internal": 1},
		Total:     replay.Summary{Calls: 3, Failures: 1, ColdStarts: 1},
		Functions: []replay.Summary{{Name: "f", Calls: 2, Failures: 1, ColdStarts: 1}, {Name: "g", Calls: 1}},
		Counted:   []score.Function{{Name: "f", Succeeded: 1, ResponseTime: 520 * ms, Failed: []time.Duration{ms}}, {Name: "g", Succeeded: 1, ResponseTime: 400 * ms}},
		Nodes:     &replay.NodeUsage{Time: 3 * time.Second, Peak: 1, Refused: 5},
	})
	// Of the three slowdowns the failed call's, of no work, counts 60 s by 1 ms.
	if want := (52 + 4 + 60_000) / 3.0; math.Abs(run.MeanSlowdown-want) > 1e-9 {
		t.Errorf("mean slowdown %v, want %v", run.MeanSlowdown, want)
	}
	if want := math.Sqrt(60_000 * 4); math.Abs(run.P99SlowdownGeomean-want) > 1e-6 {
		t.Errorf("p99 slowdown %v, want %v", run.P99SlowdownGeomean, want)
	}
	if run.ScheduleMeanMS != 300 || run.ScheduleP99MS != 500 || run.ResponseP99MS != 60_000 || run.Penalty != 10 {
		t.Errorf("schedule %v and %v, response %v, penalty %v", run.ScheduleMeanMS, run.ScheduleP99MS, run.ResponseP99MS, run.Penalty)
	}
	if run.NodesRefused != 5 || run.ContainersCreated != 1 || run.ContainersFailed != 2 || run.ContainersRemoved != 3 || run.OutOfMemory != 4 {
		t.Errorf("counters: %+v", run)
	}
	f := run.Functions[0]
	if diff := cmp.Diff([]float64{0, 0, 520, 1, 0, 0}, f.Heat); diff != "" || f.CountedSeconds != 0.52 || !cmp.Equal(f.FailedSeconds, []float64{0.001}) {
		t.Errorf("counted %v and %v, heat (-want +got):\n%s", f.CountedSeconds, f.FailedSeconds, diff)
	}
	if diff := cmp.Diff([]report.CDFPoint{{MS: 400, Share: 1}}, run.Functions[1].Response); diff != "" {
		t.Errorf("distribution of g (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{report.CauseFirst: 1}, run.ColdCauses); diff != "" {
		t.Errorf("cold starts (-want +got):\n%s", diff)
	}
}

// TestWarmUp: latencies are without it, all else is with it.
func TestWarmUp(t *testing.T) {
	r := recorded(1,
		replay.Record{Function: "f", Offset: 0, Schedule: time.Second, Response: time.Second},
		replay.Record{Function: "f", Offset: 500 * ms, Schedule: ms, Response: ms},
	)
	r.cfg.WarmUp = 500 * ms
	run := r.run(&replay.Result{Functions: []replay.Summary{{Name: "f", Calls: 2}}, Counted: []score.Function{{Name: "f"}}, Total: replay.Summary{Calls: 2}})
	if run.ScheduleMeanMS != 1 || run.Calls != 2 || run.WarmUpSeconds != 0.5 {
		t.Errorf("schedule %v ms of %d calls after %v s", run.ScheduleMeanMS, run.Calls, run.WarmUpSeconds)
	}
}

// TestSeries: a platform that is ten times as fast has the same figures.
func TestSeries(t *testing.T) {
	for _, scale := range []float64{0, 5} {
		fast := max(scale, 1)
		at := func(d time.Duration) time.Time { return began.Add(time.Duration(float64(d) / fast)) }
		r := recorded(scale,
			replay.Record{Function: "f", Offset: 0, Schedule: 600 * ms, Response: 1200 * ms},
			replay.Record{Function: "g", Offset: 100 * ms, Response: 300 * ms, Error: "Internal"},
			replay.Record{Function: "g", Offset: 900 * ms, Error: replay.SchedulerGone},
		)
		r.samples = []sample{
			{at: at(502 * ms), nodes: 1},
			{at: at(1001 * ms), nodes: 1, containers: 2, busy: 1, memory: 3 << 20, cpu: time.Duration(499 / fast * float64(ms))},
			{at: at(2000 * ms), nodes: 2, containers: 2, cpu: time.Duration(499 / fast * float64(ms))}, // the machine was busy at 1.5 s
		}
		s := r.series(&replay.Result{Grace: time.Second, Duration: 1500 * ms})
		want := report.Series{
			StepSeconds: 0.5, Nodes: []int{1, 1, 1, 2, 2}, Containers: []int{0, 2, 2, 2, 2}, Busy: []int{0, 1, 1, 0, 0},
			InFlight: []int{0, 1, 1, 1, 0}, Queued: []int{0, 1, 1, 0, 0},
			MemoryMB: []float64{0, 3, 3, 0, 0}, CPUCores: []float64{0, 1, 0, 0, 0},
		}
		// The second call ends at 1.4 s: at no end of a step it is there.
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("scale %v (-want +got):\n%s", scale, diff)
		}
	}
}

func TestColdCauses(t *testing.T) {
	call := func(function, container string, offset, schedule, response time.Duration, cold bool) replay.Record {
		return replay.Record{Function: function, Container: container, Offset: offset, Schedule: schedule, Response: response, ColdStart: cold}
	}
	r := recorded(1,
		call("f", "f1", 0, 100*ms, 300*ms, true),        // first
		call("f", "f2", 200*ms, 100*ms, 200*ms, true),   // f1 is busy
		call("f", "f3", 500*ms, 100*ms, 200*ms, true),   // f1 and f2 are idle
		call("g", "g1", 500*ms, 100*ms, 200*ms, true),   // first
		call("f", "f1", 800*ms, 0, 50*ms, false),        // warm
		call("f", "f2", 800*ms, 0, 50*ms, false),        // warm
		call("f", "f3", 800*ms, 0, 50*ms, false),        // warm
		call("f", "f0", 800*ms, 100*ms, 60*ms, true),    // the three before took all there were
		call("f", "f4", 1900*ms, 100*ms, 200*ms, true),  // all were seen for the last time before
		call("f", "f5", 1950*ms, 100*ms, 2000*ms, true), // f4 is on its way
		call("f", "f6", 2050*ms, 100*ms, 200*ms, true),  // f4 is busy; f5 is on its way
		call("g", "g2", 1960*ms, 100*ms, 200*ms, true),  // g8 was seen on its way
	)
	r.lives = map[string]*life{
		"f4":     {"f", began.Add(2950 * ms), began.Add(2950 * ms), began.Add(3500 * ms)}, // ready a moment before its call has it
		"g8":     {"g", began.Add(2955 * ms), began.Add(3300 * ms), began.Add(3500 * ms)},
		"g9":     {"g", began.Add(1900 * ms), time.Time{}, began.Add(2200 * ms)}, // its creation failed
		"unused": {"g", began.Add(3900 * ms), began.Add(3900 * ms), began.Add(3950 * ms)},
	}
	want := map[string]int{report.CauseFirst: 2, report.CauseBusy: 3, report.CauseIdle: 1, report.CauseGone: 1, report.CauseComing: 2}
	if diff := cmp.Diff(want, r.coldCauses()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTroubles(t *testing.T) {
	var found troubles
	found.observe([]replay.Record{
		{Function: "f", Offset: 1500 * ms, Error: "Internal", Message: "boom"},
		{Function: "f", Offset: 2 * time.Second, Error: "Unavailable", Message: "the container was gone before the function began"},
		{Function: "g", Offset: 3 * time.Second, Error: "Internal", Message: "again"},
		{Function: "g", Schedule: 11 * time.Second},
		{Function: "g", Error: "FunctionError"},
		{Function: "g", Error: "FunctionError", Container: "c", Schedule: 12 * time.Second},
		{Function: "g", Sent: true, Error: "Internal", Message: "late", Response: 15 * time.Second, Late: time.Second},
		{Function: "g", Sent: true, Error: "Aborted", Message: "node lost", Response: 15 * time.Second},
		{Function: "f", Sent: true, Error: replay.SchedulerGone, Message: "no answer"},
		{Function: "f", Error: replay.SchedulerGone},
	})
	found.add("it did not start", "exit status 1")
	want := []report.Trouble{
		{Kind: "it did not start", Count: 1, First: "exit status 1"},
		{Kind: "answers that are an error, Internal", Count: 3, First: "f, 1.5 s into the load: boom"},
		{Kind: "containers granted 10s or more after they were asked for", Count: 2, First: "g, 0.0 s into the load: after 11s"},
		{Kind: "containers granted that are on no node, five times for a call", Count: 1, First: "f, 2.0 s into the load: the container was gone before the function began"},
		{Kind: "calls that failed without a container 10s or more after they were sent", Count: 1, First: "g, 0.0 s into the load: after 14s"},
		{Kind: "containers lost under their calls: removed while busy, killed, or their node lost", Count: 1, First: "g, 0.0 s into the load: node lost"},
		{Kind: "calls in flight without an answer when the scheduler was gone", Count: 1, First: "f, 0.0 s into the load: no answer"},
		{Kind: "calls not sent, for the scheduler was gone", Count: 1, First: "f, 0.0 s into the load: SchedulerGone"},
	}
	if diff := cmp.Diff(want, found.list()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLeastPatience: no call is late for what it may take, in the platform's time.
func TestLeastPatience(t *testing.T) {
	w := &trace.Workload{Functions: []trace.Function{{Timeout: time.Second}, {Timeout: 5 * time.Minute}, {}}}
	for scale, want := range map[float64]time.Duration{0: 365 * time.Second, 1: 365 * time.Second, 10: 95 * time.Second, 0.1: 3650 * time.Second} {
		if got := LeastPatience(w, scale); got != want {
			t.Errorf("time × %v: %v, want %v", scale, got, want)
		}
	}
}

func TestDistribution(t *testing.T) {
	var sorted []time.Duration
	for i := range 10_000 {
		sorted = append(sorted, time.Duration(i+1)*ms)
	}
	points := cdf(sorted, 100)
	if n := len(points); n < 100 || n > 104 || points[0].MS != 1 || points[n-1] != (report.CDFPoint{MS: 10_000, Share: 1}) {
		t.Errorf("%d points from %v to %v", len(points), points[0], points[len(points)-1])
	}
	for _, p := range points {
		if math.Abs(p.MS/10_000-p.Share) > 1e-9 {
			t.Errorf("%v", p)
		}
	}
	if percentile(sorted, 99) != 9900*ms || percentile([]float64{7}, 50) != 7 || percentile([]float64(nil), 99) != 0 {
		t.Error("percentiles are not by nearest rank")
	}
}

func TestEnvironment(t *testing.T) {
	e := NewEnvironment("v1", "abc")
	if e.Cores < 1 || e.MemoryMB < 64 || e.Kernel == "" || !strings.HasPrefix(e.Go, "go") || e.Version != "v1" || e.Commit != "abc" {
		t.Errorf("%+v", e)
	}
	if _, err := time.Parse(time.RFC3339, e.At); err != nil {
		t.Error(err)
	}
}
