package trace

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the published run had, in order of the functions.
var (
	contestCalls  = []int{8271, 1055, 1091, 1038, 1447, 440, 885, 220, 2340, 2100, 190, 185, 10790, 43004, 100}
	contestRounds = []int{2084, 223, 200, 212, 814, 117, 176, 112, 118, 106, 19, 19, 1104, 2214, 5}
)

func contest(t testing.TB, opts Options) *Workload {
	t.Helper()
	w, err := Open(Contest2020, opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// roundsOf counts the rounds of each function and checks the order of time.
func roundsOf(t *testing.T, w *Workload) []int {
	t.Helper()
	n := make([]int, len(w.Functions))
	last := make([]time.Duration, len(w.Functions))
	var before time.Duration
	for c := range w.Calls() {
		if c.Offset < before || c.Offset >= w.Length {
			t.Fatalf("call at %v after one at %v, length %v", c.Offset, before, w.Length)
		}
		before = c.Offset
		if n[c.Function] == 0 || c.Offset != last[c.Function] {
			n[c.Function]++
		}
		last[c.Function] = c.Offset
	}
	return n
}

func near(got, want int, tolerance float64) bool {
	return math.Abs(float64(got-want)) <= math.Max(1, tolerance*float64(want))
}

func TestContestMatchesPublishedFigures(t *testing.T) {
	w := contest(t, Options{})
	calls, rounds := w.Count(), roundsOf(t, w)
	total := 0
	for i, f := range w.Functions {
		total += calls[i]
		if !near(calls[i], contestCalls[i], 0.05) {
			t.Errorf("%s: %d calls, published %d", f.Name, calls[i], contestCalls[i])
		}
		if !near(rounds[i], contestRounds[i], 0.02) {
			t.Errorf("%s: %d rounds, published %d", f.Name, rounds[i], contestRounds[i])
		}
	}
	if !near(total, 73156, 0.01) {
		t.Errorf("%d calls in all, published 73156", total)
	}
	if len(w.Notes) != 0 {
		t.Errorf("full length is squeezed: %q", w.Notes)
	}
}

func TestContestCondensed(t *testing.T) {
	w := contest(t, Options{Length: time.Minute})
	calls, rounds := w.Count(), roundsOf(t, w)
	for i, f := range w.Functions {
		if rounds[i] < 2 {
			t.Errorf("%s: %d rounds", f.Name, rounds[i])
		}
		if want := contestCalls[i] * 60 / 1223; rounds[i] > 20 && !near(calls[i], want, 0.2) {
			t.Errorf("%s: %d calls, its rate makes %d", f.Name, calls[i], want)
		}
	}
	if calls[14] != 100 || rounds[14] != 5 {
		t.Errorf("the function called once has %d calls in %d rounds", calls[14], rounds[14])
	}
	var last time.Duration
	for c := range w.Calls() {
		if c.Function == 14 && c.Offset != last {
			if last != 0 && (c.Offset-last).Round(5*time.Millisecond) != 900*time.Millisecond {
				t.Errorf("its rounds are %v apart", c.Offset-last)
			}
			last = c.Offset
		}
	}
	want := []string{
		"final_function_11: its rounds, 58s apart, do not fit twice into its phase of 52.6s: the second comes after 52.5s",
		"final_function_12: its rounds, 59.999s apart, do not fit twice into its phase of 54.5s: the second comes after 54.4s",
	}
	if diff := cmp.Diff(want, w.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestContestInASecondStillCallsEveryFunctionTwice(t *testing.T) {
	w := contest(t, Options{Length: time.Second})
	for i, n := range roundsOf(t, w) {
		if n < 2 {
			t.Errorf("%s: %d rounds", w.Functions[i].Name, n)
		}
	}
}

func TestSeedDecides(t *testing.T) {
	list := func(seed uint64) (calls []Call) {
		for c := range contest(t, Options{Length: 10 * time.Second, Seed: seed}).Calls() {
			calls = append(calls, c)
		}
		return calls
	}
	if diff := cmp.Diff(list(7), list(7)); diff != "" {
		t.Errorf("same seed, other calls:\n%s", diff)
	}
	if cmp.Equal(list(7), list(8)) {
		t.Error("another seed, same calls")
	}
}

func TestCallsCanBeLeftAndStartedAgain(t *testing.T) {
	w := contest(t, Options{Length: 10 * time.Second})
	var first Call
	for first = range w.Calls() {
		break
	}
	for c := range w.Calls() {
		if c != first {
			t.Errorf("first call %+v, then %+v", first, c)
		}
		break
	}
}

func BenchmarkCalls(b *testing.B) {
	w := contest(b, Options{})
	for b.Loop() {
		for range w.Calls() {
		}
	}
}
