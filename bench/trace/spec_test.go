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
	two, interval, ten := fixed(2), fixed(5000), fixed(10)
	want := &Spec{Name: "small", Length: 20 * time.Second, Seed: 1, Functions: []FunctionSpec{{
		Name: "f", Count: 1, Kind: Sleep, Runtime: "native", MemoryMB: 128, Timeout: time.Minute, Pattern: Even,
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
		"wave ratio":       {edit("kind: sleep", "kind: sleep, pattern: wave, peak_ratio: 0.5"), "peak_ratio 0.5"},
		"ratio of even":    {edit("kind: sleep", "kind: sleep, peak_ratio: 2"), "peak_ratio 2"},
		"poisson range":    {edit("interval_ms: 5000", "pattern: poisson, interval_ms: {min: 1, mean: 2, max: 3}"), "one figure"},
		"ramp log-normal":  {edit("calls_per_round: 2", "pattern: ramp, calls_per_round: {median: 1, sigma: 1, max: 5}"), "pattern ramp"},
		"sigma":            {edit("sleep_ms: 10", "sleep_ms: {median: 1, sigma: -1, max: 5}"), "sigma -1"},
		"median over max":  {edit("sleep_ms: 10", "sleep_ms: {median: 9, sigma: 1, max: 5}"), "sleep_ms: median 9"},
		"median missing":   {edit("sleep_ms: 10", "sleep_ms: {min: 9, sigma: 1, max: 5}"), "median is missing"},
		"use log-normal":   {edit("sleep_ms: 10", "use_mb: {median: 9, sigma: 1, max: 50}"), "use_mb"},
		"count":            {edit("name: f", "name: f, count: -1"), "count -1"},
		"count too high":   {edit("name: f", "name: f, count: 2000000"), "count 2000000"},
		"count and name":   {edit("name: f", "name: f, count: 2") + "  - {name: f-1, kind: sleep, memory_mb: 1, calls_per_round: 1, interval_ms: 1}\n", "f-1: one by this name"},
		"delay of even":    {edit("sleep_ms: 10", "delay_ms: 10"), "delay_ms"},
		"follows of even":  {edit("name: f", "name: f, follows: g"), "pattern follow says whom"},
		"follow nobody":    {edit("interval_ms: 5000", "pattern: follow"), "pattern follow says whom"},
		"follow unknown":   {edit("interval_ms: 5000", "pattern: follow, follows: g"), `follows "g": no function of that name`},
		"follow interval":  {edit("name: f", "name: f, pattern: follow, follows: g"), "interval_ms: pattern follow has none"},
		"follow count":     {minimal + "  - {name: g, count: 2, kind: sleep, memory_mb: 1, pattern: follow, follows: f, calls_per_round: 1}\n", "count is 1 there and 2 here"},
		"too many follow":  {minimal + "  - {name: g, kind: sleep, memory_mb: 1, pattern: follow, follows: f, calls_per_round: 90000000}\n", "calls are more than"},
		"first of once":    {edit("kind: sleep", "kind: sleep, pattern: once, rounds: 1, first_ms: 5"), "first_ms"},
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
