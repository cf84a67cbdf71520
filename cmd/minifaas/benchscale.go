package main

import (
	"context"
	"os"

	"github.com/minifaas/minifaas/bench/load"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type benchScaleCommand struct {
	outputFlags
	Policy string `default:"adaptive" help:"Scheduling policy."`
}

// Help is printed below the flags.
func (*benchScaleCommand) Help() string {
	return `The engine by itself, without gRPC: what a call costs it on platforms of 10 to 100,000
containers, then of more and more nodes, then of more and more functions.`
}

func (c *benchScaleCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, knownPolicy(c.Policy)); err != nil {
		return err
	}
	var sizes counter
	stop := showWhile(os.Stderr, "scale", "sizes", sizes.state("measuring the first size"))
	result, err := load.MeasureScale(ctx, load.ScaleConfig{
		Policy:   func() (engine.Policy, error) { return policy.New(c.Policy) },
		Progress: sizes.set,
	})
	stop()
	if err != nil {
		return err
	}
	return report.Scale(os.Stdout, report.Format(c.Output), c.Policy, result)
}
