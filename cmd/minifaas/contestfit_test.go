package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
)

// TestMisfits: what would fail after the load is told before it.
func TestMisfits(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		command  contestCommand
		function string
		want     string // nothing for no error
	}{
		{contestCommand{}, "f", ""},
		{contestCommand{HTML: file, Raw: filepath.Join(folder, "new", "raw"), Plots: folder}, "f", ""},
		{contestCommand{HTML: folder}, "f", "--html: "},
		{contestCommand{HTML: filepath.Join(folder, "none", "page.html")}, "f", "--html: "},
		{contestCommand{KeepLogs: filepath.Join(file, "log")}, "f", "--keep-logs: "},
		{contestCommand{Raw: file}, "f", "--raw: "},
		{contestCommand{Plots: filepath.Join(file, "plots")}, "f", "--plots: "},
		{contestCommand{WarmUp: time.Minute}, "f", "--warm-up 1m0s: want less than the length of the load"},
		{contestCommand{}, "f o", `1 of 1 functions have a name that the platform does not take ("f o")`},
		{contestCommand{}, "a/f", `("a/f")`},
		{contestCommand{}, "f@1", `("f@1")`},
	} {
		w := &trace.Workload{Name: "w", Length: time.Minute, Functions: []trace.Function{{Name: test.function}}}
		err := test.command.misfits(w, nil)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("function %s, %+v: got %v, want %q", test.function, test.command, err, test.want)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "kept" {
		t.Errorf("the page that was there has become %q, %v", text, err)
	}
}

// TestBaselineFits: a baseline that nothing can be scored against is told of before the load.
func TestBaselineFits(t *testing.T) {
	w := &trace.Workload{Name: "w", Length: time.Minute, Seed: 2}
	c := contestCommand{Baseline: "b.json", Nodes: "simulated", Available: 1, MaxNodes: 2, CreateScale: 1, TimeScale: 1}
	for want, change := range map[string]func(*report.ContestRun){
		"":                                  func(*report.ContestRun) {},
		"no run of the baseline":            func(r *report.ContestRun) { r.Policy = "adaptive" },
		"that was played to its end":        func(r *report.ContestRun) { r.Partial = true },
		"was played to 60 s of other, seed": func(r *report.ContestRun) { r.Workload = "other" },
		"60 s of w, seed 3":                 func(r *report.ContestRun) { r.Seed = 3 },
		"was played to 30 s of w, seed 2":   func(r *report.ContestRun) { r.Setting.LengthSeconds = 30 },
	} {
		run := report.ContestRun{Policy: "baseline", Workload: "w", Seed: 2, Platform: "simulated", Setting: c.setting(w)}
		change(&run)
		err := c.fits(w, []report.ContestRun{run})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
