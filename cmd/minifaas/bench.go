package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/minifaas/minifaas/bench/echo"
	"github.com/minifaas/minifaas/bench/overhead"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/process"
)

type benchCommand struct {
	Overhead   overheadCommand      `cmd:"" group:"Compare and measure" help:"Measure a warm call of a function that does nothing, next to a plain gRPC call."`
	Hotpath    hotpathCommand       `cmd:"" group:"Compare and measure" help:"Measure pairs of Acquire and Return of warm containers, next to plain gRPC calls."`
	Coldpath   coldpathCommand      `cmd:"" group:"Compare and measure" help:"Find the rate of creations that the control plane sustains, on simulated nodes."`
	Scale      benchScaleCommand    `cmd:"" group:"Compare and measure" help:"Measure how the cost of a call grows with functions, nodes and containers."`
	Policies   benchPoliciesCommand `cmd:"" group:"Compare and measure" help:"Compare all policies on all workloads in virtual time, and write docs/policies.md."`
	Contest    contestCommand       `cmd:"" group:"Compare and measure" help:"Play a workload to any schedulers, one after the other, and rank them by the contest's score."`
	Cold       coldCommand          `cmd:"" group:"Compare and measure" help:"Measure cold starts on real nodes, next to bare starts of the same programs."`
	Density    densityCommand       `cmd:"" group:"Compare and measure" help:"Measure what idle containers cost the machine."`
	Compare    compareCommand       `cmd:"" group:"Compare and measure" help:"Compare results of contest, sim or replay: what differs by more than noise?"`
	Agreement  agreementCommand     `cmd:"" group:"Compare and measure" help:"Play a workload live and in the simulator, and compare."`
	EchoServer echoServerCommand    `cmd:"" hidden:"" help:"Serve the plain gRPC calls that overhead and hotpath compare with."`
	Guard      guardCommand         `cmd:"" hidden:"" help:"Wait for the end of a contest, and kill what is left of its scheduler."`
}

type overheadCommand struct {
	outputFlags
	Endpoint string `placeholder:"HOST:PORT" help:"APIServer to measure; by default a platform is started for it."`
	Function string `default:"hello" help:"Function to call."`
	Rounds   int    `default:"20" help:"How many blocks of calls are measured of each kind, in turns."`
	Block    int    `default:"100" help:"How many calls a block has."`
	Callers  int    `default:"64" help:"How many callers there are at once in further blocks, for the throughput."`
}

// Help is printed below the flags.
func (*overheadCommand) Help() string {
	return `One warm container, everything on this machine. A whole call is client →
APIServer → Scheduler, NodeService → the function and back; the ratio of its median to
that of one plain unary call, with one caller, is what the platform costs. With many
callers the ratio is of calls a second.`
}

func (c *overheadCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, within("rounds", c.Rounds, 1, maxRounds), within("block", c.Block, 1, 1_000_000), within("callers", c.Callers, 1, maxCallers)); err != nil {
		return err
	}
	if c.Endpoint != "" {
		return c.measure(ctx, c.Endpoint)
	}
	stage, err := newStage(logs, "")
	if err != nil {
		return err
	}
	if err := writeOverheadFunction(stage.functions()); err != nil {
		return errors.Join(err, stage.close())
	}
	p, err := stage.platform(ctx, platformConfig{
		sandbox: sandboxFlags{functionFlags: functionFlags{stage.functions()}, Isolation: "auto"},
		pool:    poolFlags{Nodes: 1, MaxNodes: 1},
		policy:  policyFlags{Policy: "adaptive"},
	})
	if err != nil {
		return errors.Join(err, stage.close())
	}
	measuring, watch := p.watch(ctx)
	err = c.measure(measuring, p.endpoint(apiserverPort))
	return errors.Join(err, watch.stop(), p.stop(), stage.close())
}

// writeOverheadFunction declares hello with memory enough that its CPU quota,
// 1.3 cores, is not what is measured, and so that one container serves all callers.
func writeOverheadFunction(folder string) error {
	samples := filepath.Join(folder, "samples")
	if err := writeSamples(samples); err != nil {
		return err
	}
	manifest := "functions:\n- {name: hello, runtime: native, handler: hello, code: samples/hello, memory: 2GiB, concurrency: 1000}\n"
	return os.WriteFile(filepath.Join(folder, "functions.yaml"), []byte(manifest), 0o644)
}

func (c *overheadCommand) measure(ctx context.Context, endpoint string) error {
	result, err := overhead.Measure(ctx, overhead.Config{
		APIServer: endpoint, Function: c.Function, Event: []byte(`{"name":"bench"}`), Rounds: c.Rounds, Block: c.Block, Callers: c.Callers,
	})
	if err != nil {
		return err
	}
	return report.Overhead(os.Stdout, report.Format(c.Output), result)
}

type echoServerCommand struct{}

func (echoServerCommand) Run(ctx context.Context) error {
	debug.SetGCPercent(gcPercent) // as that of the services which it is compared with
	return echo.Serve(ctx, os.Stdin, os.Stdout)
}

type guardCommand struct{}

func (guardCommand) Run() error { return process.ServeGuard(os.Stdin) }
