package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// TestDemo runs a short demo: every function of the workload is called under
// both policies, and the adaptive one answers them.
func TestDemo(t *testing.T) {
	needPrograms(t)
	if testing.Short() {
		t.Skip("plays a workload twice")
	}
	demo := exec.Command("/proc/self/exe", "demo", "--length", "12s", "-o", "json")
	var stdout, stderr bytes.Buffer
	demo.Stdout, demo.Stderr = &stdout, &stderr
	if err := demo.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	type side struct {
		Calls       int                   `json:"calls"`
		Failures    int                   `json:"failures"`
		Kinds       map[string]int        `json:"failures_by_kind"`
		ColdStarts  int                   `json:"cold_starts"`
		NodeSeconds float64               `json:"node_seconds"`
		Functions   []struct{ Calls int } `json:"functions"`
	}
	var got struct {
		Adaptive side    `json:"adaptive"`
		Baseline side    `json:"baseline"`
		Main     float64 `json:"score_75_25"`
		Even     float64 `json:"score_50_50"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, &stdout)
	}
	for name, s := range map[string]side{"adaptive": got.Adaptive, "baseline": got.Baseline} {
		if s.Calls < 500 || s.NodeSeconds <= 0 || len(s.Functions) != 15 {
			t.Errorf("%s: %+v", name, s)
		}
		for _, f := range s.Functions {
			if f.Calls < 2 {
				t.Errorf("%s: a function is called %d times, want two rounds", name, f.Calls)
			}
		}
	}
	if cold := got.Baseline.ColdStarts; cold < 15 || got.Adaptive.ColdStarts >= cold {
		t.Errorf("%d cold starts under baseline, want one of each function at least; %d under adaptive, want fewer", cold, got.Adaptive.ColdStarts)
	}
	// The load is as much as a machine of 2 cores can do: while it is busy with something else
	// too, a few calls take longer than they may.
	late := got.Adaptive.Kinds["Timeout"]
	if got.Adaptive.Failures != late || late > got.Adaptive.Calls/20 || got.Main <= 0 || got.Even <= 0 {
		t.Errorf("adaptive failed %d calls: %v; scores %v and %v\n%s", got.Adaptive.Failures, got.Adaptive.Kinds, got.Main, got.Even, &stderr)
	}
}
