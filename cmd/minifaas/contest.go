package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/htmlreport"
	"github.com/minifaas/minifaas/internal/config"
)

func (c *contestCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	workload, err := c.open()
	if err != nil {
		return err
	}
	c.Patience = cmp.Or(c.Patience, contest.LeastPatience(workload, c.TimeScale))
	earlier, err := c.earlier()
	if err != nil {
		return err
	}
	if err := c.misfits(workload, earlier); err != nil {
		return err
	}
	stage, err := newStage(logs, c.KeepLogs)
	if err != nil {
		return err
	}
	runs, err := c.playWatched(ctx, stage, workload)
	if err != nil && len(runs) == 0 {
		return err
	}
	report.ScoreContest(runs, earlier)
	planned := c.Repeats * len(c.contestants())
	if len(runs) < planned {
		note := fmt.Sprintf("PARTIAL: the contest was interrupted, %d of %d runs were played", len(runs), planned)
		if err != nil {
			note = fmt.Sprintf("PARTIAL: %d of %d runs were played: %s", len(runs), planned, report.VisibleLine(err.Error()))
		}
		for i := range runs {
			runs[i].Notes = append(runs[i].Notes, note)
		}
	}
	return errors.Join(report.Contest(os.Stdout, report.Format(c.Output), runs, planned), c.writePages(runs), err, platformFailures(runs))
}

// platformFailures is an error if the bench's own platform failed in one of the runs.
func platformFailures(runs []report.ContestRun) error {
	failed := 0
	for i := range runs {
		if runs[i].PlatformFailure != "" {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("contest: %w in %d of %d runs, which are not valid: play them again; --keep-logs tells more", errPlatform, failed, len(runs))
}

func (c *contestCommand) sandbox(functions string) sandboxFlags {
	return sandboxFlags{
		functionFlags: functionFlags{functions}, Isolation: c.Isolation, NodeMemory: defaultNodeMemory, NodeCPU: defaultNodeCPU,
		Simulated: c.Nodes == "simulated", CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

func (c *contestCommand) pool() poolFlags {
	return poolFlags{Nodes: c.Available, MaxNodes: c.MaxNodes, RefillDelay: c.Refill}
}

// writePages writes what was asked for beside the table; each of it, whatever becomes of the others.
func (c *contestCommand) writePages(runs []report.ContestRun) error {
	if len(runs) == 0 {
		return nil
	}
	var plots error
	if c.Plots != "" {
		_, plots = htmlreport.Plots(c.Plots, runs)
	}
	return errors.Join(plots, c.writeHTML(runs))
}

func (c *contestCommand) writeHTML(runs []report.ContestRun) error {
	if c.HTML == "" {
		return nil
	}
	file, err := os.Create(c.HTML)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(htmlreport.Write(file, runs), file.Close())
}
