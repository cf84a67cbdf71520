package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
)

// simulated is a run of two functions that took so long for each call.
func simulated(w *trace.Workload, policy string, took time.Duration, nodes, failed int) *sim.Result {
	r := &sim.Result{
		Workload: w, Policy: policy, Seed: 7, Played: w.Length,
		Total:              sim.Summary{Name: "total", Calls: 200, Failures: failed, ColdStarts: 8, Waits: 3, MeanSlowdown: 1.25},
		P99SlowdownGeomean: 4.5, NormalizedMemory: 2.25,
		NodeTime: time.Duration(nodes) * w.Length, PeakNodes: nodes, Created: 8, Evicted: 2, Hash: 0xbeef,
		Failures: map[string]int{},
	}
	r.Total.Schedule = sim.Latency{Mean: took / 10, P99: took / 2}
	r.Total.Response = sim.Latency{Mean: took, P99: 3 * took}
	if failed > 0 {
		r.Failures["NoCapacity"] = failed
	}
	for i, f := range w.Functions {
		s := sim.Summary{Name: f.Name, Calls: 100, ColdStarts: 4, MeanSlowdown: 1.25, P99Slowdown: 4.5, Response: r.Total.Response}
		counted := score.Function{Name: f.Name, Succeeded: 100, ResponseTime: 100 * took}
		if i == 0 && failed > 0 {
			s.Failures = failed
			counted.Succeeded -= failed
			counted.ResponseTime = time.Duration(counted.Succeeded) * took
			counted.Failed = make([]time.Duration, failed)
		}
		r.Functions = append(r.Functions, s)
		r.Counted = append(r.Counted, counted)
	}
	return r
}

func simWorkload(name string) *trace.Workload {
	return &trace.Workload{
		Name: name, Length: time.Minute, Functions: []trace.Function{{Name: "thumbnail"}, {Name: "notify"}},
		Notes: []string{"thumbnail: its rounds do not fit twice"},
	}
}

func TestSimGolden(t *testing.T) {
	one, two := simWorkload("shop"), simWorkload("rush")
	partial := simulated(two, "adaptive", 50*ms, 1, 0)
	partial.Partial, partial.Unanswered, partial.Played = true, 4, 20*time.Second
	for name, results := range map[string][]*sim.Result{
		"sim": {
			simulated(one, "baseline", 100*ms, 4, 2), simulated(one, "adaptive", 80*ms, 1, 0),
			simulated(two, "baseline", 100*ms, 4, 0), partial,
		},
		"sim-unscored": {simulated(one, "adaptive", 80*ms, 1, 0)},
	} {
		for format, ext := range map[Format]string{Table: ".txt", JSON: ".json"} {
			t.Run(name+ext, func(t *testing.T) {
				var got bytes.Buffer
				if err := Sim(&got, format, results); err != nil {
					t.Fatal(err)
				}
				golden(t, name+ext, got.String())
			})
		}
	}
}

// Programs rely on these keys.
func TestSimKeys(t *testing.T) {
	var text bytes.Buffer
	if err := Sim(&text, JSON, []*sim.Result{simulated(simWorkload("shop"), "baseline", ms, 1, 0)}); err != nil {
		t.Fatal(err)
	}
	var got struct{ Runs []map[string]any }
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Fields(`policy calls failures cold_starts node_seconds p99_slowdown_geomean normalized_memory
		score_75_25 score_50_50 history_hash workload mean_slowdown response_ratio node_ratio penalty seed`) {
		if v, ok := got.Runs[0][key]; !ok || v == nil {
			t.Errorf("key %s: %v", key, v)
		}
	}
	if got := got.Runs[0]["history_hash"]; got != "000000000000beef" {
		t.Errorf("history hash %v: want 16 digits", got)
	}
}

func TestFew(t *testing.T) {
	if got := few([]string{"a", "b"}); got != "a, b" {
		t.Error(got)
	}
	if got := few(strings.Fields("a b c d e f g")); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}
