package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/policies/play"
)

// The whole way, with everything short: two published policies, two seeds.
func TestPage(t *testing.T) {
	traces := t.TempDir()
	events := "offset_ms,function,duration_ms,memory_mb\n0,resize,180,256\n700,notify,40,64\n2500,resize,2500,256\n"
	if err := os.WriteFile(filepath.Join(traces, "small.csv"), []byte(events), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(Options{Traces: traces, Policies: []string{"ttl-60", "lru"}, Seeds: 2, Length: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	figures, err := play.Run(t.Context(), play.Config{Cells: plan.Cells(), Dir: filepath.Join(t.TempDir(), "cells"), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	docs := t.TempDir()
	if err := NewResults(plan, figures).Write(docs); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"This is a trial", "## Where adaptive loses", "| ttl-60 |", "| oracle |", "Azure 2019, small, containers shared",
		"contest-2020, 5 s, creation 6 × slower", "| prewarming |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "<no value>") {
		t.Error("the page shows what is no figure")
	}
	for _, line := range strings.Split(string(text), "\n") {
		if _, rest, ok := strings.Cut(line, "](policies/"); ok {
			checkPlot(t, filepath.Join(docs, "policies", strings.TrimSuffix(rest, ")")))
		}
	}
}

func checkPlot(t *testing.T, path string) {
	t.Helper()
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if len(svg) > 60<<10 || !strings.Contains(string(svg), ">adaptive") && !strings.Contains(string(svg), " adaptive<") {
		t.Errorf("%s: %d bytes, adaptive shown: %v", filepath.Base(path), len(svg), strings.Contains(string(svg), "adaptive"))
	}
}

func TestPlanIsOneCellAPolicy(t *testing.T) {
	plan, err := NewPlan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[play.Cell]int{}
	for _, c := range plan.Cells() {
		if c.Setting.Workload == play.Constant && c.Seed > 1 {
			t.Errorf("%v: nothing is left to chance there", c)
		}
		count[c]++
	}
	for _, s := range plan.settings() {
		for _, e := range plan.entrants(s) {
			for seed := 1; seed <= plan.seedsOf(s); seed++ {
				if count[play.Cell{Setting: s, Entrant: e, Seed: uint64(seed)}] == 0 {
					t.Errorf("%v %s: seed %d is missing", s, e.Policy, seed)
				}
			}
		}
	}
	if _, err := NewPlan(Options{Traces: filepath.Join(t.TempDir(), "nowhere")}); err == nil {
		t.Error("a folder that is not there is no fault")
	}
}
