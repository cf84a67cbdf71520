package report

import (
	"bytes"
	"strings"
	"testing"
)

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
		"paired, steady":       {side(run(0, 10), run(1, 50), run(2, 100)), side(run(0, 11), run(1, 54), run(2, 110)), higher, true},
		"the order is no sign": {side(run(0, 10), run(1, 50), run(2, 100)), side(run(2, 90), run(0, 9), run(1, 46)), lower, true},
		"two alike":            {side(run(0, 10), run(1, 20)), side(run(0, 20), run(1, 40)), unknown, true},
		"two from nothing":     {side(run(0, 0), run(1, 1)), side(run(0, 1), run(1, 2)), unknown, true},
		"three from nothing":   {side(run(0, 0), run(1, 0), run(2, 0)), side(run(0, 9), run(1, 10), run(2, 12)), higher, true},
		"unpaired, noisy":      {side(run(0, 10), run(1, 50), run(2, 100)), side(run(5, 11), run(6, 51), run(7, 101)), noise, false},
		"unpaired, far":        {side(run(0, 10), run(1, 11)), side(run(0, 100), run(1, 101), run(2, 102)), higher, false},
		"equal":                {side(run(0, 10), run(1, 11)), side(run(0, 10), run(1, 11)), equal, true},
	} {
		d, ok := newDifference("x", of, test.reference, test.other)
		if !ok || d.Verdict != test.verdict || d.Paired != test.paired {
			t.Errorf("%s: %+v, want %s, paired %v", name, d, test.verdict, test.paired)
		}
		for _, within := range []struct {
			*interval
			none float64
		}{{d.RatioInterval, 1}, {d.ChangeInterval, 0}} {
			if sure := d.Verdict == lower || d.Verdict == higher; within.interval != nil && sure != (within.interval[0] > within.none || within.interval[1] < within.none) && d.Verdict != equal {
				t.Errorf("%s: %s, but from %v to %v", name, d.Verdict, within.interval[0], within.interval[1])
			}
		}
	}
}

func TestPairsWithHoles(t *testing.T) {
	run := func(repeat int, took float64) telling { return telling{Seed: 1, Repeat: repeat, ResponseMean: &took} }
	of := func(c *telling) *float64 { return c.ResponseMean }
	side := func(runs ...telling) *Side { return &Side{runs: runs} }
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
	other.Environment = Environment{Kernel: "6.1", CPU: "slow", Cores: 2, Version: "v2", Commit: "def"}
	one := entrantRun("mine", 0, 100, 500)
	one.Environment = Environment{Kernel: "6.12", CPU: "fast", Cores: 8, Version: "v1", Commit: "abc", At: "2026-11-21T16:20:31Z"}
	one.Setting = Setting{LengthSeconds: 300, GraceSeconds: 45, Available: 10, MaxNodes: 20, RefillSeconds: 5, CreateScale: 1, TimeScale: 1}
	sides := append(sidesOf(t, "a", []ContestRun{one}), sidesOf(t, "b", []ContestRun{other})...)
	var text bytes.Buffer
	if err := Compare(&text, Table, sides); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"seeds: 8 against 7", "lengths of the load: 150 s against 300 s", "calls: 1,000 against 2,000",
		"warm-ups left out: 60 s against 0 s", "nodes: local against simulated", "5 of 20 nodes available",
		"kernels: 6.1 against 6.12", "processors: slow against fast", "cores: 2 against 8", "minifaas: v2 def against v1 abc",
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

// TestCompareTells: what is shown of a figure never contradicts its verdict.
func TestCompareTells(t *testing.T) {
	for _, test := range []struct {
		a, b []float64
		want string
	}{
		{[]float64{0, 1}, []float64{1, 2}, "+1.00"},
		{[]float64{0, 1}, []float64{2, 2}, "+1.50 (-4.85 to +7.85)"},
		{[]float64{10000, 20000, 30000}, []float64{10001, 20002, 30003}, "1.0001"},
		{[]float64{0, 0}, []float64{0, 0}, "-"},
		{[]float64{2}, []float64{3}, "1.500"},
	} {
		side := func(values []float64) *Side {
			s := &Side{}
			for i := range values {
				s.runs = append(s.runs, telling{Repeat: i, Failures: &values[i]})
			}
			return s
		}
		d, _ := newDifference("failures", func(t *telling) *float64 { return t.Failures }, side(test.a), side(test.b))
		if got := d.change(digits); !strings.HasPrefix(got, test.want) {
			t.Errorf("%v, %v: %s, want %s", test.a, test.b, got, test.want)
		}
	}
}

// TestCompareHung: a scheduler that never served has no times with which to win.
func TestCompareHung(t *testing.T) {
	hung := entrantRun("hung", 0, 65000, 0)
	hung.Failures, hung.Penalty, hung.ScheduleP99MS = hung.Calls, 10, 0
	var text bytes.Buffer
	if err := Compare(&text, Table, sidesOf(t, "f", []ContestRun{entrantRun("mine", 0, 100, 500), hung})); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if !strings.HasPrefix(lines[3], "penalty") || !strings.HasPrefix(lines[4], "failures") {
		t.Errorf("failures do not lead:\n%s", &text)
	}
	for _, figure := range []string{"schedule", "response", "slowdown"} {
		if strings.Contains(text.String(), figure) {
			t.Errorf("it has a %s:\n%s", figure, &text)
		}
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
