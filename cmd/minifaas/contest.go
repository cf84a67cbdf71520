package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/htmlreport"
	"github.com/minifaas/minifaas/bench/trace"
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
	if c.WarmUp > 0 && c.WarmUp >= workload.Length {
		return fmt.Errorf("--warm-up %v: want less than the length of the load, %v: nothing would be left to measure", c.WarmUp, workload.Length)
	}
	earlier, err := c.earlier()
	if err != nil {
		return err
	}
	stage, err := newStage(logs, c.KeepLogs)
	if err != nil {
		return err
	}
	runs, err := c.playAll(ctx, stage, workload)
	if err = errors.Join(err, stage.close()); err != nil {
		return err
	}
	report.ScoreContest(runs, earlier)
	planned := c.Repeats * len(c.contestants())
	if len(runs) < planned {
		for i := range runs {
			runs[i].Notes = append(runs[i].Notes, fmt.Sprintf("PARTIAL: the contest was interrupted, %d of %d runs were played", len(runs), planned))
		}
	}
	return errors.Join(report.Contest(os.Stdout, report.Format(c.Output), runs, planned), c.writeHTML(runs), platformFailures(runs))
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

func (c *contestCommand) sandbox(functions string) sandboxFlags {
	return sandboxFlags{
		functionFlags: functionFlags{functions}, Isolation: c.Isolation, NodeMemory: defaultNodeMemory, NodeCPU: defaultNodeCPU,
		Simulated: c.Nodes == "simulated", CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

func (c *contestCommand) pool() poolFlags {
	return poolFlags{Nodes: c.Available, MaxNodes: c.MaxNodes, RefillDelay: c.Refill}
}

// playAll plays all repeats, the contestants in turns, so that a machine that
// changes changes for all of them.
func (c *contestCommand) playAll(ctx context.Context, stage *stage, workload *trace.Workload) ([]report.ContestRun, error) {
	declare := declareFunctions
	if c.Nodes == "simulated" {
		declare = declareSimulated
	}
	notes, err := declare(workload, stage.functions())
	if err != nil {
		return nil, err
	}
	if c.TimeScale != 1 {
		notes = append(notes, fmt.Sprintf("the platform's time went %v times as fast as the clock; the scheduler's own speed did not", c.TimeScale))
	}
	if c.Raw != "" {
		if err := os.MkdirAll(c.Raw, 0o755); err != nil {
			return nil, err
		}
	}
	var runs []report.ContestRun
	for repeat := range c.Repeats {
		for _, who := range c.contestants() {
			if ctx.Err() != nil {
				return runs, nil
			}
			run, err := c.playOne(ctx, stage, workload, who, repeat)
			if err != nil && ctx.Err() != nil {
				return runs, nil // interrupted while the platform was starting
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", who.name, err)
			}
			run.Setting, run.Command = c.setting(workload), c.line(workload)
			run.Notes = slices.Concat(run.Notes, notes, stage.conditions(c.MaxNodes))
			runs = append(runs, *run)
		}
	}
	return runs, nil
}

func (c *contestCommand) setting(workload *trace.Workload) report.Setting {
	return report.Setting{
		LengthSeconds: workload.Length.Seconds(), GraceSeconds: c.Grace.Seconds(), Available: c.Available, MaxNodes: c.MaxNodes,
		RefillSeconds: c.Refill.Seconds(), CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

func (c *contestCommand) playOne(ctx context.Context, stage *stage, workload *trace.Workload, who contestant, repeat int) (*report.ContestRun, error) {
	started := sayWhile("starting services and nodes")
	p, err := stage.platform(ctx, platformConfig{
		portBase: c.portBase(who), schedulerEndpoint: who.endpoint, withoutScheduler: true,
		sandbox: c.sandbox(stage.functions()), announce: announceFlags{Announce: true}, pool: c.pool(),
	})
	started()
	if err != nil {
		return nil, err
	}
	playing, watch := p.watch(ctx)
	run, err := c.playOn(playing, p, stage, workload, who, repeat)
	failure := watch.stop()
	if run != nil && failure != nil {
		run.Partial, run.PlatformFailure = true, failure.Error()
	}
	defer sayWhile("stopping services and nodes")()
	return run, errors.Join(err, p.stop())
}

// portBase is where the platform's ports begin; 0 is wherever they are free. A scheduler
// that runs already must not come upon the platform of another's run.
func (c *contestCommand) portBase(who contestant) int {
	const apart = 1000
	switch {
	case len(c.Scheduler) == 0 || who.endpoint != "":
		return c.PortBase
	case c.PortBase+apart+metricsPort <= 65535:
		return c.PortBase + apart
	default:
		return c.PortBase - apart
	}
}

func (c *contestCommand) playOn(ctx context.Context, p *platform, stage *stage, workload *trace.Workload, who contestant, repeat int) (*report.ContestRun, error) {
	apiserver, resourceManager, err := dialPlatform(p)
	if err != nil {
		return nil, err
	}
	defer apiserver.Close()
	defer resourceManager.Close()
	cfg := contest.Config{
		Name: who.name, Policy: who.policy, Endpoint: who.endpoint,
		Workload: workload, Seed: workload.Seed, Repeat: repeat, Platform: c.Nodes,
		APIServer: apiserver, ResourceManager: resourceManager,
		Grace: c.Grace, TimeScale: c.TimeScale, WarmUp: c.WarmUp, Patience: c.Patience, Environment: environment(), Progress: os.Stderr,
	}
	fmt.Fprintf(os.Stderr, "%s, %d of %d: %v of %s on %s nodes, the first call %v after it answers\n",
		who.name, repeat+1, c.Repeats, workload.Length.Round(time.Second), workload.Name, c.Nodes, c.Grace)
	if who.endpoint == "" {
		cfg.Endpoint = p.endpoint(schedulerPort)
		log := filepath.Join(stage.folder, "scheduler") + "." + fileName(who.name, repeat)
		if c.KeepLogs != "" {
			log = c.KeepLogs + "." + fileName(who.name, repeat)
		}
		if cfg.Command, err = who.start(p, log); err != nil {
			return nil, err
		}
	} else {
		fmt.Fprintf(os.Stderr, "%s: the ResourceManager is at %s\n", who.name, p.endpoint(resourceManagerPort))
	}
	if c.Raw == "" {
		return contest.Play(ctx, cfg)
	}
	raw, err := os.Create(filepath.Join(c.Raw, fileName(who.name, repeat)+".csv"))
	if err != nil {
		return nil, fmt.Errorf("write raw records: %w", err)
	}
	cfg.Raw = raw
	run, err := contest.Play(ctx, cfg)
	return run, errors.Join(err, raw.Close())
}

// fileName is one that a contestant's name makes, whatever is in it.
func fileName(name string, repeat int) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/:\\ ", r) {
			return '-'
		}
		return r
	}, fmt.Sprintf("%s-%d", name, repeat))
}

func (c *contestCommand) writeHTML(runs []report.ContestRun) error {
	if len(runs) == 0 {
		return nil
	}
	if c.Plots != "" {
		if _, err := htmlreport.Plots(c.Plots, runs); err != nil {
			return err
		}
	}
	if c.HTML == "" {
		return nil
	}
	file, err := os.Create(c.HTML)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(htmlreport.Write(file, runs), file.Close())
}
