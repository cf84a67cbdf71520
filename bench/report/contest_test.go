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

func sidesOf(t *testing.T, file string, runs []ContestRun) []Side {
	t.Helper()
	var text bytes.Buffer
	if err := Contest(&text, JSON, runs, 0); err != nil {
		t.Fatal(err)
	}
	sides, err := ReadSides(file, &text)
	if err != nil {
		t.Fatal(err)
	}
	return sides
}

func TestCompareGolden(t *testing.T) {
	before := []ContestRun{entrantRun("baseline", 0, 200, 1000), entrantRun("mine", 0, 110, 500), entrantRun("mine", 1, 100, 505), entrantRun("mine", 2, 120, 495)}
	after := []ContestRun{entrantRun("mine", 0, 100, 503), entrantRun("mine", 1, 91, 500), entrantRun("mine", 2, 109, 497)}
	sides := append(sidesOf(t, "before.json", before), sidesOf(t, "after.json", after)...)
	var text bytes.Buffer
	if err := Compare(&text, Table, sides); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", text.String())
	text.Reset()
	if err := Compare(&text, JSON, sides[1:]); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.json", text.String())
}

func TestVerdicts(t *testing.T) {
	run := func(repeat int, took float64) telling { return telling{Seed: 1, Repeat: repeat, ResponseMean: &took} }
	of := func(c *telling) *float64 { return c.ResponseMean }
	side := func(runs ...telling) *Side { return &Side{runs: runs} }
	for name, test := range map[string]struct {
		reference, other *Side
		verdict          string
		paired           bool
	}{
		"single":               {side(run(0, 10)), side(run(0, 20)), unknown, true},
		"paired, steady":       {side(run(0, 10), run(1, 50), run(2, 100)), side(run(0, 11), run(1, 51), run(2, 101)), higher, true},
		"the order is no sign": {side(run(0, 10), run(1, 50), run(2, 100)), side(run(2, 99), run(0, 9), run(1, 49)), lower, true},
		"unpaired, noisy":      {side(run(0, 10), run(1, 50), run(2, 100)), side(run(5, 11), run(6, 51), run(7, 101)), noise, false},
		"unpaired, far":        {side(run(0, 10), run(1, 11)), side(run(0, 100), run(1, 101), run(2, 102)), higher, false},
		"equal":                {side(run(0, 10), run(1, 11)), side(run(0, 10), run(1, 11)), equal, true},
	} {
		d, ok := newDifference("x", of, test.reference, test.other)
		if !ok || d.Verdict != test.verdict || d.Paired != test.paired {
			t.Errorf("%s: %+v, want %s, paired %v", name, d, test.verdict, test.paired)
		}
	}
	// What is not known of one run is left out with its counterpart: the rest stays in step.
	hole := side(run(0, 10), run(1, 50), run(2, 100))
	hole.runs[0].ResponseMean = nil
	other := side(run(0, 11), run(1, 51), run(2, 101))
	other.runs[2].ResponseMean = nil
	if d, ok := newDifference("x", of, hole, other); !ok || d.Reference != 50 || d.Other != 51 || d.Runs != 1 || !d.Paired {
		t.Errorf("pairs of which one run has no figure: %+v", d)
	}
	if _, ok := newDifference("x", func(c *telling) *float64 { return c.Main }, side(run(0, 1)), side(run(0, 1))); ok {
		t.Error("a figure that nobody has is compared")
	}
}

// TestCompareUnlike: runs that were played otherwise can be compared, but not unwarned.
func TestCompareUnlike(t *testing.T) {
	other := entrantRun("mine", 0, 100, 500)
	other.Seed, other.Calls, other.WarmUpSeconds, other.Platform = 8, 1000, 60, "local"
	other.Setting = Setting{LengthSeconds: 150, GraceSeconds: 10, Available: 5, MaxNodes: 20, RefillSeconds: 5, CreateScale: 1, TimeScale: 1}
	one := entrantRun("mine", 0, 100, 500)
	one.Setting = Setting{LengthSeconds: 300, GraceSeconds: 45, Available: 10, MaxNodes: 20, RefillSeconds: 5, CreateScale: 1, TimeScale: 1}
	sides := append(sidesOf(t, "a", []ContestRun{one}), sidesOf(t, "b", []ContestRun{other})...)
	var text bytes.Buffer
	if err := Compare(&text, Table, sides); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"seeds: 8 against 7", "lengths of the load: 150 s against 300 s", "calls: 1,000 against 2,000",
		"warm-ups left out: 60 s against 0 s", "nodes: local against simulated", "5 of 20 nodes available",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	text.Reset()
	if err := Compare(&text, Table, append(sidesOf(t, "a", []ContestRun{one}), sidesOf(t, "b", []ContestRun{one})...)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "WARNING") {
		t.Errorf("a warning of nothing:\n%s", &text)
	}
}

// TestReadSides: simulations and replays can be compared, too.
func TestReadSides(t *testing.T) {
	for text, want := range map[string]string{
		`{"workload":"w","calls":3,"failures":1,"node_seconds":5,"functions":[]}`:                                                                                        "f.json",
		`{"runs":[{"workload":"w","policy":"p","failures":0,"waits":3},{"workload":"w","policy":"p","failures":0,"seed":2},{"workload":"v","policy":"p","failures":0}]}`: "p p",
		`{"runs":[{"workload":"w","policy":"p","failures":0},{"workload":"w","policy":"q","failures":0,"partial":true}]}`:                                                "p",
	} {
		sides, err := ReadSides("f.json", strings.NewReader(text))
		var names []string
		for _, s := range sides {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"hello": "read f.json", "{}": "no run that was played to its end", `{"runs":[{"policy":"p"}]}`: "no calls of a workload",
		`{"runs":[{"workload":"w","failures":0,"partial":true}]}`: "no run that was played to its end",
	} {
		if _, err := ReadSides("f.json", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want one with %q", text, err, want)
		}
	}
	one := []Side{{File: "a", Name: "p", Workload: "w"}, {File: "b", Name: "p", Workload: "v"}}
	if err := Compare(&bytes.Buffer{}, Table, one); err == nil {
		t.Error("runs of two workloads are compared")
	}
}
