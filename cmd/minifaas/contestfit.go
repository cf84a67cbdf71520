package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
)

// misfits is an error about all that would fail only when an hour has been played.
func (c *contestCommand) misfits(workload *trace.Workload, earlier []report.ContestRun) error {
	faults := []error{c.fits(workload, earlier), namesOf(workload)}
	if c.WarmUp > 0 && c.WarmUp >= workload.Length {
		faults = append(faults, fmt.Errorf("--warm-up %v: want less than the length of the load, %v: nothing would be left to measure", c.WarmUp, workload.Length))
	}
	for _, output := range []struct{ flag, path string }{{"html", c.HTML}, {"keep-logs", c.KeepLogs}} {
		if err := writableFile(output.path); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", output.flag, err))
		}
	}
	for _, output := range []struct{ flag, path string }{{"raw", c.Raw}, {"plots", c.Plots}} {
		if err := writableFolder(output.path); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", output.flag, err))
		}
	}
	return errors.Join(faults...)
}

// writableFile tries whether a file can be written, and leaves it as it is; empty is no file.
func writableFile(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	isNew := os.IsNotExist(err)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if isNew {
		return errors.Join(file.Close(), os.Remove(path))
	}
	return file.Close()
}

// writableFolder makes a folder if need be, and tries whether files can be made in it; empty is no folder.
func writableFolder(path string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(path, ".minifaas-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// namesOf is an error if functions of the workload have names that no platform takes.
func namesOf(workload *trace.Workload) error {
	var wrong []string
	for i := range workload.Functions {
		f := &workload.Functions[i]
		full := f.Name
		if f.Account != "" {
			full = f.Account + "/" + f.Name
		}
		if name, err := function.ParseName(full); err != nil || name.Function != f.Name || name.Account != f.Account {
			wrong = append(wrong, fmt.Sprintf("%q", full))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	const shown = 5
	count := len(wrong)
	if count > shown {
		wrong = append(wrong[:shown], "…")
	}
	return fmt.Errorf("workload %s: %d of %d functions have a name that the platform does not take (%s): want 1 to 128 letters, digits, _ . and - in each name",
		workload.Name, count, len(workload.Functions), strings.Join(wrong, ", "))
}

// earlier are the runs of --baseline.
func (c *contestCommand) earlier() ([]report.ContestRun, error) {
	if c.Baseline == "" {
		return nil, nil
	}
	file, err := os.Open(c.Baseline)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	defer file.Close()
	runs, err := report.ReadContest(file)
	if err != nil {
		return nil, fmt.Errorf("read baseline %s: %w", c.Baseline, err)
	}
	return runs, nil
}

// fits is an error if no run of --baseline is one to score this contest against.
func (c *contestCommand) fits(workload *trace.Workload, earlier []report.ContestRun) error {
	if c.Baseline == "" {
		return nil
	}
	want := report.ContestRun{Workload: workload.Name, Seed: workload.Seed, Platform: c.Nodes, Setting: c.setting(workload)}
	has := "it has no run of the baseline that was played to its end"
	for i := range earlier {
		run := &earlier[i]
		if !run.IsBaseline() || run.Partial {
			continue
		}
		if playedAs(run) == playedAs(&want) {
			return nil
		}
		has = "its baseline was played to " + playedAs(run)
	}
	return fmt.Errorf("--baseline %s: %s; want one of %s", filepath.Clean(c.Baseline), has, playedAs(&want))
}

// playedAs is all that two runs must have in common if one is scored against the other.
func playedAs(run *report.ContestRun) string {
	s := run.Setting
	return fmt.Sprintf("%v s of %s, seed %d, %s nodes, grace %v s, %d of %d nodes available, refill %v s, creation × %v, time × %v", s.LengthSeconds,
		run.Workload, run.Seed, run.Platform, s.GraceSeconds, s.Available, s.MaxNodes, s.RefillSeconds, s.CreateScale, s.TimeScale)
}
