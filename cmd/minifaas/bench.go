package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/bench/echo"
	"github.com/minifaas/minifaas/bench/overhead"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
)

type benchCommand struct {
	Overhead   overheadCommand      `cmd:"" help:"Measure a warm call of a function that does nothing, next to a plain gRPC call."`
	Hotpath    hotpathCommand       `cmd:"" help:"Measure pairs of Acquire and Return of warm containers, next to plain gRPC calls."`
	Coldpath   coldpathCommand      `cmd:"" help:"Find the rate of creations that the control plane sustains, on simulated nodes."`
	Scale      benchScaleCommand    `cmd:"" help:"Measure how the cost of a call grows with functions, nodes and containers."`
	Policies   benchPoliciesCommand `cmd:"" help:"Compare all policies on all workloads in virtual time, and write docs/policies.md."`
	Contest    contestCommand       `cmd:"" help:"Play a workload to any schedulers, one after the other, and rank them by the contest's score."`
	Compare    compareCommand       `cmd:"" help:"Compare results of contest, sim or replay: what differs by more than noise?"`
	Agreement  agreementCommand     `cmd:"" help:"Play a workload live and in the simulator, and compare."`
	EchoServer echoServerCommand    `cmd:"" hidden:"" help:"Serve the plain gRPC calls that overhead and hotpath compare with."`
}

type overheadCommand struct {
	outputFlags
	Endpoint string `placeholder:"HOST:PORT" help:"APIServer to measure; by default a platform is started for it."`
	Function string `default:"hello" help:"Function to call."`
	Rounds   int    `default:"20" help:"How many blocks of calls are measured of each kind, in turns."`
	Block    int    `default:"100" help:"How many calls a block has."`
}

// Help is printed below the flags.
func (*overheadCommand) Help() string {
	return `One caller, one warm container, everything on this machine. A whole call is
client → APIServer → Scheduler, NodeService → the function and back; the ratio of
its median to that of one plain unary call is what the platform costs.`
}

func (c *overheadCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file); err != nil {
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
	err = c.measure(ctx, p.endpoint(apiserverPort))
	return errors.Join(err, p.stop(), stage.close())
}

// writeOverheadFunction declares hello with memory enough that its CPU quota,
// 1.3 cores, is not what is measured.
func writeOverheadFunction(folder string) error {
	samples := filepath.Join(folder, "samples")
	if err := writeSamples(samples); err != nil {
		return err
	}
	manifest := "functions:\n- {name: hello, runtime: native, handler: hello, code: samples/hello, memory: 2GiB}\n"
	return os.WriteFile(filepath.Join(folder, "functions.yaml"), []byte(manifest), 0o644)
}

func (c *overheadCommand) measure(ctx context.Context, endpoint string) error {
	result, err := overhead.Measure(ctx, overhead.Config{
		APIServer: endpoint, Function: c.Function, Event: []byte(`{"name":"bench"}`), Rounds: c.Rounds, Block: c.Block,
	})
	if err != nil {
		return err
	}
	return report.Overhead(os.Stdout, report.Format(c.Output), result)
}

type echoServerCommand struct{}

func (echoServerCommand) Run(ctx context.Context) error {
	return echo.Serve(ctx, os.Stdin, os.Stdout)
}
