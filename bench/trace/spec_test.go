package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const minimal = `
name: small
length: 20s
seed: 1
functions:
  - {name: f, kind: sleep, memory_mb: 128, calls_per_round: 2, interval_ms: 5000, sleep_ms: 10}
`

func TestReadSpecDefaults(t *testing.T) {
	spec, err := ReadSpec(strings.NewReader(minimal))
	if err != nil {
		t.Fatal(err)
	}
	two, interval, ten := Range{2, 2, 2}, Range{5000, 5000, 5000}, Range{10, 10, 10}
	want := &Spec{Name: "small", Length: 20 * time.Second, Seed: 1, Functions: []FunctionSpec{{
		Name: "f", Kind: Sleep, Runtime: "native", MemoryMB: 128, Timeout: time.Minute, Pattern: Even,
		CallsPerRound: two, IntervalMS: interval, EndFrac: 1, SleepMS: ten, UseOwnFrac: 1,
	}}}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadSpecFaults(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(minimal, old, new, 1) }
	for name, tt := range map[string]struct{ file, want string }{
		"empty":            {"", "empty"},
		"no YAML":          {"name: x\nb: c: d", "line 2"},
		"unknown field":    {edit("seed: 1", "speed: 1"), "field speed not found"},
		"unknown in f":     {edit("name: f", "name: f, colour: red"), "field colour not found"},
		"unknown in range": {edit("sleep_ms: 10", "sleep_ms: {min: 1, mean: 2, max: 3, avg: 2}"), "nothing else"},
		"half a range":     {edit("sleep_ms: 10", "sleep_ms: {min: 1, max: 3}"), "mean is missing"},
		"no number":        {edit("sleep_ms: 10", "sleep_ms: soon"), "soon"},
		"two documents":    {minimal + "---\nname: x\n", "more than one"},
		"no functions":     {"name: x\nlength: 1s\nfunctions: []\n", "functions is empty"},
		"no length":        {edit("length: 20s", "length: 0s"), "length 0s"},
		"kind":             {edit("kind: sleep", "kind: nap"), `f: kind "nap"`},
		"pattern":          {edit("kind: sleep", "kind: sleep, pattern: odd"), `f: pattern "odd"`},
		"runtime":          {edit("kind: sleep", "kind: sleep, runtime: cobol"), `f: runtime "cobol"`},
		"memory":           {edit("memory_mb: 128", "memory_mb: 0"), "memory_mb 0"},
		"negative sleep":   {edit("sleep_ms: 10", "sleep_ms: -1"), "sleep_ms: min -1 is below 0"},
		"mean outside":     {edit("sleep_ms: 10", "sleep_ms: {min: 1, mean: 9, max: 3}"), "min ≤ mean ≤ max"},
		"not a number":     {edit("sleep_ms: 10", "sleep_ms: .nan"), "not a number"},
		"half a call":      {edit("calls_per_round: 2", "calls_per_round: {min: 1.5, mean: 2, max: 3}"), "not whole"},
		"no interval":      {edit("interval_ms: 5000, ", ""), "interval_ms: min 0"},
		"phase":            {edit("kind: sleep", "kind: sleep, start_frac: 0.9, end_frac: 0.1"), "start_frac < end_frac"},
		"rounds of even":   {edit("kind: sleep", "kind: sleep, rounds: 3"), "rounds 3"},
		"once, no rounds":  {edit("kind: sleep", "kind: sleep, pattern: once"), "rounds 0"},
		"too many calls":   {edit("calls_per_round: 2", "calls_per_round: 900000000"), "about 3.6e+09 calls"},
		"twice":            {minimal + "  - {name: f, kind: sleep, memory_mb: 1, calls_per_round: 1, interval_ms: 1}\n", "declared twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSpec(strings.NewReader(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := ReadSpec(strings.NewReader("length: -1s\nfunctions: [{kind: nap}]\n"))
	for _, want := range []string{"name is missing", "length -1s", "function number 1: name", "kind", "memory_mb", "interval_ms", "calls_per_round"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// shape plays one function and lists its rounds as "offset×calls".
func shape(t *testing.T, length time.Duration, f FunctionSpec) []string {
	t.Helper()
	f.Name, f.Kind, f.MemoryMB = "f", Sleep, 1
	f.setDefaults()
	w, err := (&Spec{Name: "s", Length: length, Seed: 1, Functions: []FunctionSpec{f}}).Workload()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	last, n := time.Duration(-1), 0
	flush := func() {
		if n > 0 {
			out = append(out, last.String()+"×"+strings.Repeat("|", n))
		}
	}
	for c := range w.Calls() {
		if c.Offset != last {
			flush()
			last, n = c.Offset, 0
		}
		n++
	}
	flush()
	return out
}

func TestPatterns(t *testing.T) {
	fixed := func(v float64) Range { return Range{v, v, v} }
	for name, tt := range map[string]struct {
		length time.Duration
		f      FunctionSpec
		want   []string
	}{
		"even": {10 * time.Second, FunctionSpec{CallsPerRound: fixed(2), IntervalMS: fixed(4000)},
			[]string{"0s×||", "4s×||", "8s×||"}},
		"even in its phase": {100 * time.Second, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(10_000), StartFrac: 0.5, EndFrac: 0.75},
			[]string{"50s×|", "1m0s×|", "1m10s×|"}},
		"ramp": {5 * time.Second, FunctionSpec{Pattern: Ramp, CallsPerRound: Range{1, 3, 5}, IntervalMS: fixed(1000)},
			[]string{"0s×|", "1s×||", "2s×|||", "3s×||||", "4s×|||||"}},
		"burst": {10 * time.Second, FunctionSpec{Pattern: Burst, CallsPerRound: fixed(1), IntervalMS: Range{500, 1500, 3500}},
			[]string{"0s×|", "500ms×|", "1s×|", "4.5s×|", "5s×|", "5.5s×|", "9s×|", "9.5s×|"}},
		"once": {10 * time.Second, FunctionSpec{Pattern: Once, Rounds: 3, CallsPerRound: fixed(2), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"5s×||", "6s×||", "7s×||"}},
		"once, moved": {4 * time.Second, FunctionSpec{Pattern: Once, Rounds: 4, CallsPerRound: fixed(1), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"900ms×|", "1.9s×|", "2.9s×|", "3.9s×|"}},
		"once, squeezed": {1100 * time.Millisecond, FunctionSpec{Pattern: Once, Rounds: 5, CallsPerRound: fixed(1), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"0s×|", "250ms×|", "500ms×|", "750ms×|", "1s×|"}},
		"too long an interval": {10 * time.Second, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(60_000), StartFrac: 0.1},
			[]string{"1s×|", "9.9s×|"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, shape(t, tt.length, tt.f)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
