package play

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// cells are two policies on a workload of a few seconds with two seeds.
func cells() []Cell {
	var all []Cell
	for seed := uint64(1); seed <= 2; seed++ {
		for _, name := range []string{Baseline, Adaptive} {
			s := Setting{Workload: "steady", Length: 5 * time.Second, Platform: Reference, CreateScale: 1}
			all = append(all, Cell{Setting: s, Entrant: Entrant{Policy: name}, Seed: seed})
		}
	}
	return all
}

func config(t *testing.T) Config {
	sources := Sources{Common: "c", Adaptive: "a", Oracle: "o"}
	return Config{Cells: cells(), Dir: filepath.Join(t.TempDir(), "cells"), Sources: sources, Workers: 2}
}

// played is how many cells a run played itself.
func played(t *testing.T, cfg Config) (map[Cell]Figures, int) {
	t.Helper()
	kept := -1
	cfg.Progress = func(p Progress) {
		if kept < 0 {
			kept = p.Done // what it begins with
		}
	}
	figures, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return figures, len(cfg.Cells) - kept
}

func TestFinishedCellsAreKept(t *testing.T) {
	cfg := config(t)
	first, n := played(t, cfg)
	if n != 4 || len(first) != 4 {
		t.Fatalf("played %d of 4, found %d", n, len(first))
	}
	for c, f := range first {
		if f.Calls == 0 || f.NodeTime == 0 || len(f.Counted) == 0 {
			t.Errorf("%v: %+v", c, f)
		}
	}
	again, n := played(t, cfg)
	if n != 0 {
		t.Errorf("the second run played %d", n)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}

func TestChangedCodePlaysAgain(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Config)
		want   int
	}{
		{"the engine", func(c *Config) { c.Sources.Common = "new" }, 4},
		{"adaptive", func(c *Config) { c.Sources.Adaptive = "new" }, 2},
		{"the oracle", func(c *Config) { c.Sources.Oracle = "new" }, 0},
		{"one file is damaged", func(c *Config) { damage(t, c.Dir) }, 1},
	} {
		cfg := config(t)
		first, _ := played(t, cfg)
		c.change(&cfg)
		again, n := played(t, cfg)
		if n != c.want {
			t.Errorf("%s: played %d, want %d", c.what, n, c.want)
		}
		if diff := cmp.Diff(first, again, cmpopts.IgnoreFields(Figures{}, "Took")); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

func damage(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte(`{"Calls":`), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestInterruptedRunGoesOn(t *testing.T) {
	cfg := config(t)
	cfg.Workers = 1
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Progress = func(p Progress) {
		if p.Done == 1 {
			cancel()
		}
	}
	if _, err := Run(ctx, cfg); err == nil || !strings.Contains(err.Error(), "interrupted: 1 of 4 simulations are kept in "+cfg.Dir) {
		t.Fatal(err)
	}
	if _, n := played(t, cfg); n != 3 {
		t.Errorf("played %d, want the 3 that were left", n)
	}
}

func TestFaultsAreTold(t *testing.T) {
	cfg := config(t)
	cfg.Cells[0].Entrant.Policy = "clever"
	if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), `policy "clever": unknown`) {
		t.Error(err)
	}
	cfg = config(t)
	cfg.Workers = 0
	if _, err := Run(t.Context(), cfg); err == nil {
		t.Error("nobody works, and it is no fault")
	}
}

func TestLeft(t *testing.T) {
	known, other := cells()[0], cells()[1]
	other.Setting.Workload = "ramp"
	r := run{
		cfg:     Config{Workers: 2},
		figures: map[Cell]Figures{known: {Took: 2 * time.Second}, other: {Took: 6 * time.Second}},
		todo:    []Cell{cells()[2], cells()[3], {Setting: Setting{Workload: "herd"}}, known},
	}
	// Two of the workload that takes 2 s, one of which nothing is known, for two workers.
	if got := r.left(); got != (2+2+4)*time.Second/2 {
		t.Errorf("%v", got)
	}
}
