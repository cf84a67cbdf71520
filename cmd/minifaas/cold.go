package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/minifaas/minifaas/bench/cold"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/progress"
	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

type coldCommand struct {
	outputFlags
	Runtime  []string `default:"python3,python3-imports,nodejs,native,wasm" help:"What is started, in turns: ${default}."`
	Starts   int      `short:"n" default:"200" help:"How many starts of each are measured, cold and bare."`
	Rate     bool     `help:"Measure instead how many cold starts a second a node sustains, of one runtime after the other."`
	NoPool   bool     `help:"Keep no sandboxes in reserve."`
	KeepLogs string   `placeholder:"FILE" help:"Write what the services log into this file."`
}

// Help is printed below the flags.
func (*coldCommand) Help() string {
	return `A cold start is CreateContainer and the first answer of a function that says hello,
on a node with sandboxes in reserve. In turns with it the same is started by itself:
the interpreter with nothing to do, the native program until its first answer, a
static program of the same C as the WebAssembly module. On a shared machine neither
figure says much alone, but their ratio does. python3-imports imports json, asyncio,
urllib.request and ssl, both ways.

Where native is among the runtimes, cold calls through all five services are set
against a cold start on the node alone and a warm call.

With --rate one node gets cold starts of different functions, each container used
once and removed: in a closed loop, then at even rates up to the knee, at 70 % of it
and at twice as much, and 32 at once. Native starts are set against runc's, where
that is installed. docs/cold.md defines all of it.`
}

const maxStarts = 100_000

func (c *coldCommand) faults() []error {
	faults := []error{within("starts", c.Starts, 1, maxStarts)}
	for _, name := range c.Runtime {
		if !slices.Contains(cold.Names, name) {
			faults = append(faults, fmt.Errorf("--runtime %s: want some of %v", name, cold.Names))
		}
	}
	if len(c.Runtime) == 0 {
		faults = append(faults, errors.New("--runtime: want one at least"))
	}
	return faults
}

func (c *coldCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	s := coldStage{runtimes: c.Runtime, functions: cold.WholeFunctions, pool: !c.NoPool, keepLogs: c.KeepLogs}
	if c.Rate {
		s.functions = cold.RateFunctions
		return s.run(ctx, logs, c.rates)
	}
	return s.run(ctx, logs, c.starts)
}

// starts measures one start after the other.
func (c *coldCommand) starts(ctx context.Context, p *coldPlatform) error {
	display := progress.New(os.Stderr, "cold starts", "rounds")
	result, err := cold.Measure(ctx, cold.Config{
		Node: p.node, Subjects: p.subjects, Starts: c.Starts,
		Progress: func(done, total int) { display.Show(done, total, "") },
	})
	display.End()
	if err != nil {
		return err
	}
	var whole *cold.Whole
	if slices.Contains(c.Runtime, cold.Native) && ctx.Err() == nil {
		if whole, err = c.wholeCalls(ctx, p); err != nil {
			return err
		}
	}
	return report.Cold(os.Stdout, report.Format(c.Output), result, whole, p.notes)
}

func (c *coldCommand) wholeCalls(ctx context.Context, p *coldPlatform) (*cold.Whole, error) {
	display := progress.New(os.Stderr, "whole calls", "rounds")
	defer display.End()
	apiserver, err := rpc.Dial(p.endpoint(apiserverPort))
	if err != nil {
		return nil, err
	}
	defer apiserver.Close()
	scheduler, err := rpc.Dial(p.endpoint(schedulerPort))
	if err != nil {
		return nil, err
	}
	defer scheduler.Close()
	cfg := cold.WholeConfig{
		APIServer: apiserverpb.NewAPIServerClient(apiserver), Scheduler: schedulerpb.NewSchedulerClient(scheduler),
		Node: p.node, Starts: c.Starts, Progress: func(done, total int) { display.Show(done, total, "") },
	}
	if cfg.Served, err = p.served(ctx, cfg.APIServer); err != nil {
		return nil, err
	}
	return cold.MeasureWhole(ctx, cfg)
}
