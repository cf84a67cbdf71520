package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type agreementCommand struct {
	outputFlags
	Workload    string        `default:"correlated" help:"Workload to play."`
	Length      time.Duration `default:"60s" help:"Length of the load."`
	Policy      []string      `default:"baseline,ttl-600" placeholder:"P" help:"Policies to play it with."`
	Repetitions int           `default:"3" help:"How many times, each with a seed of its own, from 1."`
	Nodes       int           `default:"10" help:"How many nodes can be reserved at the start."`
	MaxNodes    int           `default:"20" help:"How many nodes there are at most."`
	Isolation   string        `default:"auto" enum:"auto,namespaces,process" help:"How containers are shut in: ${enum}."`
	KeepLogs    string        `placeholder:"FILE" help:"Write what the services log into this file."`
}

// Help is printed below the flags.
func (*agreementCommand) Help() string {
	return `Plays a workload on a platform of its own with real sandboxes, and once more in
the simulator, in which creations, reservations and what a call takes beside its work are as they were live. The
journal of the live run is played through an engine, too: it must decide the same.
The machine should have nothing else to do.`
}

func (c *agreementCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	stage, err := newStage(logs, c.KeepLogs)
	if err != nil {
		return err
	}
	var rows []report.Agreement
	for seed := uint64(1); seed <= uint64(c.Repetitions); seed++ {
		for _, name := range c.Policy {
			row, err := c.compare(ctx, stage, name, seed)
			if err != nil {
				return errors.Join(fmt.Errorf("%s, seed %d: %w", name, seed, err), stage.close())
			}
			rows = append(rows, row)
		}
	}
	err = report.Agreements(os.Stdout, report.Format(c.Output), rows, stage.conditions(c.MaxNodes))
	return errors.Join(err, stage.close())
}

func (c *agreementCommand) faults() []error {
	faults := []error{poolFlags{Nodes: c.Nodes, MaxNodes: c.MaxNodes}.validate(maxNodePorts)}
	for _, name := range c.Policy {
		if _, err := policy.New(name); err != nil {
			faults = append(faults, err)
		}
	}
	return append(faults, within("repetitions", c.Repetitions, 1, 1000), within("length", c.Length, 0, longest))
}

// compare plays one policy live and simulated.
func (c *agreementCommand) compare(ctx context.Context, stage *stage, name string, seed uint64) (report.Agreement, error) {
	workload, err := trace.Open(c.Workload, trace.Options{Length: c.Length, Seed: seed})
	if err != nil {
		return report.Agreement{}, err
	}
	functions := filepath.Join(stage.folder, fmt.Sprintf("functions-%s-%d", name, seed))
	if _, err := declareFunctions(workload, functions); err != nil {
		return report.Agreement{}, err
	}
	journal := filepath.Join(stage.folder, fmt.Sprintf("journal-%s-%d", name, seed))
	fmt.Fprintf(os.Stderr, "%s, seed %d: %v of %s on real sandboxes\n", name, seed, c.Length, workload.Name)
	live, err := c.play(ctx, stage, workload, functions, journal, name)
	if err != nil {
		return report.Agreement{}, err
	}
	measured, err := measureJournal(journal)
	if err != nil {
		return report.Agreement{}, err
	}
	simulated, err := c.simulate(ctx, workload, measured, name, seed)
	if err != nil {
		return report.Agreement{}, err
	}
	return report.NewAgreement(name, seed, measured.steps, live, simulated)
}

func (c *agreementCommand) play(ctx context.Context, stage *stage, workload *trace.Workload, functions, journal, name string) (*replay.Result, error) {
	p, err := stage.platform(ctx, platformConfig{
		sandbox: sandboxFlags{functionFlags: functionFlags{functions}, Isolation: c.Isolation},
		pool:    poolFlags{Nodes: c.Nodes, MaxNodes: c.MaxNodes, RefillDelay: 5 * time.Second},
		policy:  policyFlags{Policy: name, Journal: journal},
	})
	if err != nil {
		return nil, err
	}
	playing, watch := p.watch(ctx)
	result, err := replayOn(playing, p, workload, 0)
	return result, errors.Join(err, watch.stop(), p.stop())
}

// replayOn plays a workload on a platform of this process, after a grace.
func replayOn(ctx context.Context, p *platform, workload *trace.Workload, grace time.Duration) (*replay.Result, error) {
	apiserver, resourceManager, err := dialPlatform(p)
	if err != nil {
		return nil, err
	}
	defer apiserver.Close()
	defer resourceManager.Close()
	return replay.Run(ctx, replay.Config{Workload: workload, APIServer: apiserver, ResourceManager: resourceManager, Grace: grace, Progress: os.Stderr})
}

func (c *agreementCommand) simulate(ctx context.Context, workload *trace.Workload, m *measured, name string, seed uint64) (*sim.Result, error) {
	platform := sim.Reference(1)
	platform.Nodes, platform.Available = c.MaxNodes, c.Nodes
	m.calibrate(&platform, workload)
	run := func() (*sim.Result, error) {
		p, err := scheduler.NewPolicy(name, policy.AdaptiveConfig{})
		if err != nil {
			return nil, err
		}
		return sim.Run(ctx, sim.Config{
			Workload: workload, Policy: p, Engine: engine.Config{Seed: seed}, Seed: seed, Platform: platform,
		})
	}
	without, err := run()
	if err != nil {
		return nil, err
	}
	m.overhead(&platform, without)
	return run()
}
