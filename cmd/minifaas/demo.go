package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/host"
)

// demoGrace is the time before the first call in which a policy may prepare, as in
// the contest, where it is 45 s. It counts as node time.
const demoGrace = 5 * time.Second

type demoCommand struct {
	outputFlags
	Length    time.Duration `default:"60s" help:"Length of the load: the contest's 15 functions at their real rates."`
	Seed      uint64        `help:"Seed of the workload's generator; 0 keeps the workload's own."`
	MaxNodes  int           `default:"20" help:"How many nodes a policy may reserve."`
	Isolation string        `default:"auto" enum:"auto,namespaces,process" help:"How containers are shut in: ${enum}."`
	KeepLogs  string        `placeholder:"FILE" help:"Write what the services log into this file."`
}

// Help is printed below the flags.
func (*demoCommand) Help() string {
	return `Starts a platform of its own on free ports, once with the contest's baseline
policy and once with the adaptive one, replays the same load on real sandboxes,
prints both side by side, and leaves nothing behind. Both are told of the
functions 5 s before the first call.`
}

func (c *demoCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, validPort("max-nodes", c.MaxNodes, 1, maxNodePorts)); err != nil {
		return err
	}
	workload, err := trace.Open(trace.Contest2020, trace.Options{Length: c.Length, Seed: c.Seed})
	if err != nil {
		return err
	}
	stage, err := newStage(logs, c.KeepLogs)
	if err != nil {
		return err
	}
	notes, err := declareFunctions(workload, stage.functions())
	if err != nil {
		return errors.Join(err, stage.close())
	}
	others := host.WatchOthers()
	adaptive, baseline, err := c.play(ctx, stage, workload)
	if err == nil && (adaptive != nil || baseline != nil) {
		notes = append(append(notes, stage.conditions(c.MaxNodes)...), busy(others())...)
		err = report.Demo(os.Stdout, report.Format(c.Output), adaptive, baseline, notes)
	}
	return errors.Join(err, stage.close())
}

// mostOthers is the share of the machine's CPU that others may take without a word. On a machine
// that does nothing else it was 0.29: what the kernel does by itself for sandboxes that end, and
// what processes took that were killed with a sandbox and nobody waited for.
const mostOthers = 0.5

// busy says so if others took much of the machine's CPU.
func busy(others float64) []string {
	if others <= mostOthers {
		return nil
	}
	return []string{fmt.Sprintf("others took %.0f %% of this machine's CPU meanwhile, and not the same of both sides: the comparison says little. Run it again when nothing else runs", 100*others)}
}

// play runs both policies, one after the other on the same machine.
func (c *demoCommand) play(ctx context.Context, stage *stage, workload *trace.Workload) (adaptive, baseline *replay.Result, err error) {
	for _, side := range []struct {
		policy string
		result **replay.Result
	}{{"baseline", &baseline}, {"adaptive", &adaptive}} {
		if ctx.Err() != nil {
			return adaptive, baseline, nil
		}
		fmt.Fprintf(os.Stderr, "%s: %v of the contest's load on real sandboxes\n", side.policy, c.Length)
		*side.result, err = c.playOne(ctx, stage, workload, side.policy)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", side.policy, err)
		}
	}
	return adaptive, baseline, nil
}

func (c *demoCommand) playOne(ctx context.Context, stage *stage, workload *trace.Workload, policy string) (*replay.Result, error) {
	p, err := stage.platform(ctx, platformConfig{
		sandbox:  sandboxFlags{functionFlags: functionFlags{stage.functions()}, Isolation: c.Isolation},
		announce: announceFlags{Announce: true},
		pool:     poolFlags{Nodes: min(10, c.MaxNodes), MaxNodes: c.MaxNodes, RefillDelay: 5 * time.Second},
		policy:   policyFlags{Policy: policy},
	})
	if err != nil {
		return nil, err
	}
	result, err := replayOn(ctx, p, workload, demoGrace)
	return result, errors.Join(err, p.stop())
}
