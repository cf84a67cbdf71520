package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/overhead"
	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/score"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const ms = time.Millisecond

// result has two functions; the second one failed now and then if broken is set.
func result(nodes int, slower time.Duration, broken bool) *replay.Result {
	r := &replay.Result{
		Workload: "contest-2020", Duration: time.Minute, Grace: 1500 * ms,
		Notes:    []string{"python3 is not available: native stands in for it in 1 of 2 functions"},
		Lateness: replay.Latency{P50: 80 * time.Microsecond, P99: 1230 * time.Microsecond}, MaxLateness: 12 * ms,
		Nodes: &replay.NodeUsage{Reservations: nodes, Peak: nodes, Time: time.Duration(nodes) * 61500 * ms},
		Functions: []replay.Summary{
			{Name: "final_function_1", Calls: 1406, ColdStarts: 4,
				Schedule: replay.Latency{P50: 310 * time.Microsecond, P99: 48 * ms}, Execution: replay.Latency{P50: 9500 * time.Microsecond, P99: 88 * ms},
				Response: replay.Latency{P50: 10*ms + slower, P99: 140*ms + slower}},
			{Name: "final_function_8", Calls: 12, ColdStarts: 2,
				Schedule: replay.Latency{P50: 290 * time.Microsecond, P99: 50 * ms}, Execution: replay.Latency{P50: 8040 * ms, P99: 8110 * ms},
				Response: replay.Latency{P50: 8050*ms + slower, P99: 8160*ms + slower}},
		},
		Counted: []score.Function{
			{Name: "final_function_1", Succeeded: 1406, ResponseTime: 1406 * (10*ms + slower)},
			{Name: "final_function_8", Succeeded: 12, ResponseTime: 12 * (8050*ms + slower)},
		},
		Failures: map[string]int{},
	}
	if broken {
		r.Functions[1].Failures = 3
		r.Counted[1] = score.Function{Name: "final_function_8", Succeeded: 9, ResponseTime: 9 * 8100 * ms, Failed: []time.Duration{ms, 2 * ms, 9 * time.Second}}
		r.Failures = map[string]int{"ResourceExhausted": 2, "OutOfMemory": 1}
	}
	r.Total = replay.Summary{Name: "total", Calls: 1418, Failures: r.Functions[1].Failures, ColdStarts: 6,
		Schedule: r.Functions[0].Schedule, Execution: r.Functions[0].Execution, Response: r.Functions[0].Response}
	return r
}

func interruptedResult() *replay.Result {
	r := result(1, 0, false)
	r.Partial, r.Unanswered, r.Nodes, r.Duration = true, 2, nil, 17300*ms
	return r
}

func TestGolden(t *testing.T) {
	baseline, err := result(4, 15*ms, true).Score()
	if err != nil {
		t.Fatal(err)
	}
	notes := []string{"nominal 8 vCPU on 2 cores"}
	measured := &overhead.Result{Echo: overhead.Figures{P50: 145 * time.Microsecond, P99: 410 * time.Microsecond},
		Invoke: overhead.Figures{P50: 612300 * time.Nanosecond, P99: 1800 * time.Microsecond}, Calls: 1999, Cold: 1, Crowd: overhead.Crowd{Callers: 64, Echo: 21000, Invoke: 7350, Ratio: 0.35}}
	for name, write := range map[string]func(*bytes.Buffer, Format) error{
		"replay":             func(b *bytes.Buffer, f Format) error { return Replay(b, f, result(2, 0, false), nil) },
		"replay-scored":      func(b *bytes.Buffer, f Format) error { return Replay(b, f, result(2, 0, true), &baseline) },
		"replay-interrupted": func(b *bytes.Buffer, f Format) error { return Replay(b, f, interruptedResult(), &baseline) },
		"demo": func(b *bytes.Buffer, f Format) error {
			return Demo(b, f, result(1, 0, false), result(4, 15*ms, true), notes)
		},
		"demo-interrupted": func(b *bytes.Buffer, f Format) error { return Demo(b, f, interruptedResult(), nil, notes) },
		"overhead":         func(b *bytes.Buffer, f Format) error { return Overhead(b, f, measured) },
	} {
		for format, ext := range map[Format]string{Table: ".txt", JSON: ".json"} {
			t.Run(name+ext, func(t *testing.T) {
				var got bytes.Buffer
				if err := write(&got, format); err != nil {
					t.Fatal(err)
				}
				golden(t, name+ext, got.String())
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update accepts it):\n%s", name, diff)
	}
}

func TestRunCanBeReadBack(t *testing.T) {
	r := result(4, 15*ms, true)
	want, err := r.Score()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := Replay(&text, JSON, r, nil); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRun(&text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadRunFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":   "read run",
		"{}": "no functions",
		`{"partial":true,"functions":[{"name":"f"}]}`: "interrupted",
		`{"functions":[{"name":"f"}]}`:                "no node figures",
		`{"node_seconds":1,"functions":[{"name":"f","calls":1,"failures":2,"failed_seconds":[1,1]}]}`:     "do not fit",
		`{"node_seconds":1,"functions":[{"name":"f","calls":1,"failures":1,"failed_seconds":[0.5,0.5]}]}`: "do not fit",
	} {
		if _, err := ReadRun(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want one with %q", text, err, want)
		}
	}
}

func TestHuman(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "-", 1: "1ns", 999: "999ns", 1000: "1.00µs", 85_300: "85.3µs", 999_400: "999µs", 999_600: "1.00ms",
		9_996_000: "10.0ms", 99_960_000: "100ms", 1_234_000_000: "1.23s", 61_400_000_000: "61.4s", 20 * time.Minute: "1200s",
	} {
		if got := human(d); got != want {
			t.Errorf("%d ns: %q, want %q", int64(d), got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 73156: "73,156", -123456: "-123,456", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestAFullDiskIsReported(t *testing.T) {
	full := errors.New("disk full")
	for _, format := range []Format{Table, JSON} {
		if err := Demo(failing{full}, format, result(1, 0, false), result(2, 0, false), nil); !errors.Is(err, full) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
