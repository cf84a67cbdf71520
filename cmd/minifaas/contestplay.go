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
	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
)

// playAll plays all repeats, the contestants in turns, so that a machine that
// changes changes for all of them. An error or the end of ctx ends it early.
func (c *contestCommand) playAll(ctx context.Context, stage *stage, workload *trace.Workload, played *playedRuns) error {
	declare := declareFunctions
	if c.Nodes == "simulated" {
		declare = declareSimulated
	}
	notes, err := declare(workload, stage.functions())
	if err != nil {
		return err
	}
	notes = append(notes, c.conditions(workload)...)
	for repeat := range c.Repeats {
		for _, who := range c.contestants() {
			if ctx.Err() != nil {
				return nil
			}
			err := c.playOne(ctx, stage, workload, who, repeat, func(run *report.ContestRun) {
				run.Setting, run.Command = c.setting(workload), c.line(workload)
				run.Notes = slices.Concat(run.Notes, notes, stage.conditions(c.MaxNodes))
				played.add(run)
			})
			if err != nil && ctx.Err() != nil {
				return nil // interrupted while the platform was starting
			}
			if err != nil {
				return fmt.Errorf("%s, %d of %d: %w", who.name, repeat+1, c.Repeats, err)
			}
		}
	}
	return nil
}

// conditions are notes on how all is played.
func (c *contestCommand) conditions(workload *trace.Workload) []string {
	patience := fmt.Sprintf("answers were awaited for %v after the load", c.Patience)
	if least := contest.LeastPatience(workload, c.TimeScale); c.Patience < least {
		patience += fmt.Sprintf(": calls of which a container or the function may take until %v fail as %s, whoever's fault it is", least, replay.Unfinished)
	}
	notes := []string{patience}
	if c.TimeScale != 1 {
		notes = append(notes, fmt.Sprintf("the platform's time went %v times as fast as the clock; the scheduler's own speed did not", c.TimeScale))
	}
	return notes
}

func (c *contestCommand) setting(workload *trace.Workload) report.Setting {
	return report.Setting{
		LengthSeconds: workload.Length.Seconds(), GraceSeconds: c.Grace.Seconds(), Available: c.Available, MaxNodes: c.MaxNodes,
		RefillSeconds: c.Refill.Seconds(), CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

// playOne plays one run on a platform of its own. played gets it before the platform is stopped.
func (c *contestCommand) playOne(ctx context.Context, stage *stage, workload *trace.Workload, who contestant, repeat int, played func(*report.ContestRun)) error {
	started := sayWhile("starting services and nodes")
	p, err := stage.platform(ctx, platformConfig{
		portBase: c.portBase(who), schedulerEndpoint: who.endpoint, withoutScheduler: true,
		sandbox: c.sandbox(stage.functions()), announce: announceFlags{Announce: true}, pool: c.pool(),
	})
	started()
	if err != nil {
		return err
	}
	logged := stage.logged()
	playing, watch := p.watch(ctx)
	run, err := c.playOn(playing, p, stage, workload, who, repeat)
	failure := watch.stop()
	if run == nil {
		err = errors.Join(err, failure)
	} else {
		if failure != nil {
			run.Partial, run.PlatformFailure = true, failure.Error()
		}
		if trouble := stage.failedReturns(logged); trouble != nil && (run.Process == nil || run.Process.Exit == "") {
			run.Troubles = append(run.Troubles, *trouble) // one that died could not answer
		}
		played(run)
	}
	defer sayWhile("stopping services and nodes")()
	return errors.Join(err, p.stop())
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
