package score

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// run has functions "1", "2", … with one successful call of so many seconds each.
func run(nodeSeconds float64, seconds ...float64) Run {
	r := Run{NodeTime: time.Duration(nodeSeconds * 1e9)}
	for i, s := range seconds {
		r.Functions = append(r.Functions, Function{
			Name: strconv.Itoa(i + 1), Succeeded: 1, ResponseTime: time.Duration(s * 1e9),
		})
	}
	return r
}

func equal(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestVectors(t *testing.T) {
	baseline := run(40, 5, 10, 8, 10)
	for _, tt := range []struct {
		run        Run
		even, main float64
	}{
		{run(35, 4, 10, 7, 8), 0.871875, 0.8703125},
		{run(45, 6, 8, 10, 10), 1.09375, 1.078125},
		{run(60, 4, 8, 5, 8), 1.128125, 0.9421875},
		{run(30, 7, 12, 10, 12), 1.00625, 1.134375},
		{baseline, 1, 1},
	} {
		c, err := Compare(tt.run, baseline)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Score(Even); !equal(got, tt.even) {
			t.Errorf("%v: %v at 0.5/0.5, want %v", tt.run, got, tt.even)
		}
		if got := c.Score(Main); !equal(got, tt.main) {
			t.Errorf("%v: %v at 0.75/0.25, want %v", tt.run, got, tt.main)
		}
	}
}

func TestFailedCalls(t *testing.T) {
	const s = time.Second
	for name, tt := range map[string]struct {
		f    Function
		want time.Duration
	}{
		"fast failure counts the mean": {Function{Succeeded: 2, ResponseTime: 4 * s, Failed: []time.Duration{0}}, 6 * s},
		"slow failure counts itself":   {Function{Succeeded: 2, ResponseTime: 4 * s, Failed: []time.Duration{9 * s}}, 13 * s},
		"each by itself":               {Function{Succeeded: 1, ResponseTime: 2 * s, Failed: []time.Duration{1 * s, 3 * s}}, 7 * s},
		"none successful":              {Function{Failed: []time.Duration{1 * s, 90 * s}}, 120 * s},
	} {
		if got := tt.f.total(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestFunctionThatTheBaselineNeverServedIsLeftOut(t *testing.T) {
	baseline := run(40, 5, 10, 8)
	baseline.Functions[1] = Function{Name: "2", Failed: []time.Duration{time.Second}}
	c, err := Compare(run(20, 10, 1, 8), baseline)
	if err != nil {
		t.Fatal(err)
	}
	want := Comparison{Ratios: []Ratio{{"1", 2}, {"3", 1}}, LeftOut: []string{"2"}, NodeRatio: 0.5}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := c.Score(Even); !equal(got, 1) {
		t.Errorf("score %v, want 1", got)
	}
}

func TestPenalty(t *testing.T) {
	for _, tt := range []struct {
		succeeded, failed int
		want              float64
	}{{0, 0, 0}, {10_000, 0, 0}, {9990, 10, 0}, {9989, 11, Penalty}, {0, 1, Penalty}} {
		r := Run{Functions: []Function{{Succeeded: tt.succeeded, Failed: make([]time.Duration, tt.failed)}}}
		if got := r.Penalty(); got != tt.want {
			t.Errorf("%d of %d failed: penalty %v, want %v", tt.failed, tt.failed+tt.succeeded, got, tt.want)
		}
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	unserved := run(40)
	unserved.Functions = []Function{{Name: "1", Failed: []time.Duration{1}}}
	for want, pair := range map[string][2]Run{
		"no node time":                      {run(1, 1), run(0, 1)},
		"2 functions against 1":             {run(1, 1, 2), run(1, 1)},
		"1: 1 calls against 2":              {run(1, 1), {NodeTime: 1, Functions: []Function{{Name: "1", Succeeded: 2}}}},
		"the baseline served no function":   {run(1, 1), unserved},
		"2: 0 calls against 1 of the basel": {Run{Functions: []Function{{Name: "1", Succeeded: 1}, {Name: "3"}}}, run(1, 1, 1)},
	} {
		if _, err := Compare(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}
