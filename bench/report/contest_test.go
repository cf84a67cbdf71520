package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entrantRun is a run of two functions in which each call took so many milliseconds.
func entrantRun(name string, repeat int, took, nodeSeconds float64) ContestRun {
	r := ContestRun{
		Scheduler: name, Workload: "shop", Seed: 7, Repeat: repeat, Platform: "simulated", Notes: []string{"the nodes are simulated"},
		GraceSeconds: 45, DurationSeconds: 300, Calls: 2000, ByKind: map[string]int{}, ColdStarts: 8, ColdCauses: map[string]int{CauseFirst: 8},
		ResponseMeanMS: took, ResponseP99MS: 3 * took, ScheduleP99MS: took / 2, NodeSeconds: nodeSeconds, ContainersCreated: 8,
		Process: &SchedulerProcess{Command: name, CPUSeconds: 1.5, PeakRSSMB: 40},
	}
	if name == "baseline" {
		r.Policy = name
	}
	for _, f := range []string{"notify", "thumbnail"} {
		r.Functions = append(r.Functions, ContestFunction{Name: f, Calls: 1000, CountedSeconds: took, FailedSeconds: []float64{}})
	}
	return r
}

func contestRuns() []ContestRun {
	broken := entrantRun("mine.py", 0, 300, 900)
	broken.Failures, broken.ByKind, broken.Penalty, broken.Process = 3, map[string]int{"Internal": 3}, 10, nil
	broken.Functions[0].Failures, broken.Functions[0].FailedSeconds = 3, []float64{0.1, 0.1, 0.1}
	broken.Troubles = []Trouble{{"answers that are an error, Internal", 3, "notify, 1.5 s into the load: boom"}}
	partial := entrantRun("mine.py", 1, 300, 900)
	partial.Partial, partial.Unanswered = true, 5
	unlucky := entrantRun("unlucky", 1, 50, 100)
	unlucky.Partial, unlucky.PlatformFailure = true, "the service apiserver died (signal: killed)"
	runs := []ContestRun{
		entrantRun("baseline", 0, 200, 1000), entrantRun("adaptive", 0, 100, 500), broken,
		entrantRun("baseline", 1, 210, 1000), entrantRun("adaptive", 1, 105, 480), partial, unlucky,
	}
	ScoreContest(runs, nil)
	return runs
}

func TestContestGolden(t *testing.T) {
	var table bytes.Buffer
	if err := Contest(&table, Table, contestRuns(), 0); err != nil {
		t.Fatal(err)
	}
	golden(t, "contest.txt", table.String())
}

func TestContestCanBeReadBack(t *testing.T) {
	want := contestRuns()
	var text bytes.Buffer
	if err := Contest(&text, JSON, want, 0); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(text.String(), "\n"); lines != len(want)+2 {
		t.Errorf("%d lines, want one for each of %d runs", lines, len(want))
	}
	got, err := ReadContest(&text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].byFunction = nil
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ContestRun{}, simScores{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, bad := range []string{"", "{}", `{"runs":[{"policy":"a"}]}`} {
		if _, err := ReadContest(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
}

// TestTimesOfNothing: who served no call has no times, in table and JSON.
func TestTimesOfNothing(t *testing.T) {
	hung := entrantRun("hung", 0, 65000, 500)
	hung.Calls, hung.Failures = 1, 1
	hung.Functions = []ContestFunction{{Name: "f", Calls: 1, Failures: 1, ResponseMeanMS: 65000, FailedSeconds: []float64{65}}}
	var text bytes.Buffer
	if err := Contest(&text, JSON, []ContestRun{hung}, 1); err != nil {
		t.Fatal(err)
	}
	var got struct{ Runs []map[string]any }
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	of := got.Runs[0]
	for _, part := range []map[string]any{of, of["functions"].([]any)[0].(map[string]any)} {
		for _, key := range []string{"schedule_mean_ms", "response_mean_ms", "response_p99_ms", "mean_slowdown"} {
			if v, there := part[key]; v != nil || !there {
				t.Errorf("%s is %v, want null", key, v)
			}
		}
	}
	text.Reset()
	if err := Contest(&text, Table, []ContestRun{hung}, 1); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "shop: 1 function, 1 call in") || strings.Contains(text.String(), "195") {
		t.Errorf("a p99 of nothing, or wrong plurals:\n%s", &text)
	}
}

// TestPenaltyOfTheBaseline: it ranks by its penalty, as all do.
func TestPenaltyOfTheBaseline(t *testing.T) {
	runs := []ContestRun{entrantRun("baseline", 0, 100, 500), entrantRun("slower", 0, 200, 1000)}
	runs[0].Penalty = 10
	ScoreContest(runs, nil)
	if first := Entrants(runs)[0]; first.Name != "slower" || *first.Runs[0].Main != 2 {
		t.Errorf("%s is first", first.Name)
	}
}

// TestPartialContest: the JSON says of the whole whether all was played that was planned.
func TestPartialContest(t *testing.T) {
	whole, cut := []ContestRun{entrantRun("a", 0, 100, 500)}, []ContestRun{entrantRun("a", 0, 100, 500)}
	cut[0].Partial = true
	for _, test := range []struct {
		runs    []ContestRun
		planned int
		want    bool
	}{{whole, 1, false}, {whole, 2, true}, {cut, 1, true}, {nil, 1, true}} {
		var text bytes.Buffer
		if err := Contest(&text, JSON, test.runs, test.planned); err != nil {
			t.Fatal(err)
		}
		var got struct{ Partial *bool }
		if err := json.Unmarshal(text.Bytes(), &got); err != nil || got.Partial == nil || *got.Partial != test.want {
			t.Errorf("%d of %d runs: %v, %.40s; want %t", len(test.runs), test.planned, err, &text, test.want)
		}
	}
}

// TestScoreOfContest: a run is scored against the baseline's of its repeat, else
// against the first one, of the same seed in any case.
func TestScoreOfContest(t *testing.T) {
	earlier := []ContestRun{entrantRun("baseline", 0, 200, 1000), entrantRun("baseline", 1, 400, 1000)}
	other := entrantRun("adaptive", 0, 100, 500)
	other.Seed = 8
	runs := []ContestRun{entrantRun("adaptive", 0, 100, 500), entrantRun("adaptive", 1, 100, 500), entrantRun("adaptive", 2, 100, 500), other}
	ScoreContest(runs, earlier)
	for i, want := range []float64{0.5, 0.3125, 0.5} {
		if got := runs[i].Main; got == nil || *got != want {
			t.Errorf("repeat %d: score %v, want %v: %s", i, got, want, runs[i].Problem)
		}
	}
	if runs[3].Main != nil || runs[3].Problem == "" {
		t.Errorf("a run of another seed is scored")
	}
	if ratio := runs[1].Functions[0].ResponseRatio; ratio == nil || *ratio != 0.25 {
		t.Errorf("ratio of a function: %v", ratio)
	}
}

// TestLeftOut: what the baseline never served in one repeat is left out of all, but
// the penalty still has it.
func TestLeftOut(t *testing.T) {
	runs := []ContestRun{entrantRun("baseline", 0, 200, 1000), entrantRun("baseline", 1, 200, 1000), entrantRun("mine", 0, 100, 500), entrantRun("mine", 1, 100, 500)}
	f := &runs[1].Functions[1]
	f.Calls, f.Failures, f.CountedSeconds, f.FailedSeconds = 1, 1, 0, []float64{1}
	runs[3].Functions[1].Calls = 1
	runs[2].Functions[1].CountedSeconds = 2000
	ScoreContest(runs, nil)
	for i, want := range []float64{1, 1, 0.5, 0.5} {
		if got := runs[i].Main; got == nil || *got != want || !cmp.Equal(runs[i].LeftOut, []string{"thumbnail"}) {
			t.Errorf("run %d: score %v, want %v, without %v: %s", i, got, want, runs[i].LeftOut, runs[i].Problem)
		}
	}
}
