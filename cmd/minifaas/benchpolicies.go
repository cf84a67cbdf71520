package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/minifaas/minifaas/bench/policies"
	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/progress"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type benchPoliciesCommand struct {
	Source string        `default:"." placeholder:"DIR" help:"Root of the sources that this program was built from: what is kept holds for them."`
	Docs   string        `default:"docs" placeholder:"DIR" help:"Where policies.md and its plots are written."`
	Cache  string        `default:".cache/policies" placeholder:"DIR" help:"Where finished simulations are kept."`
	Traces string        `placeholder:"DIR" help:"Folder with the event files of the Azure Functions trace of 2019, to play them too."`
	Policy []string      `placeholder:"P" help:"Policies to compare with adaptive and baseline; by default all."`
	Seeds  int           `help:"Play so many seeds at most, to try things out; 0 is as many as planned."`
	Length time.Duration `help:"Cut every workload to this, to try things out; 0 is all of it."`
}

// Help is printed below the flags.
func (*benchPoliciesCommand) Help() string {
	return `Plays every policy on every workload in virtual time and writes docs/policies.md.
What is finished is kept: after Ctrl-C the same command goes on where it was.`
}

func (c *benchPoliciesCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	sources, err := play.HashSources(c.Source)
	if err != nil {
		return err
	}
	plan, err := policies.NewPlan(policies.Options{Traces: c.Traces, Policies: c.Policy, Seeds: c.Seeds, Length: c.Length})
	if err != nil {
		return err
	}
	display := progress.New(os.Stderr, "policies", "simulations")
	var last play.Progress
	figures, err := play.Run(ctx, play.Config{
		Cells: plan.Cells(), Dir: c.Cache, Sources: sources, Workers: runtime.GOMAXPROCS(0),
		Progress: func(at play.Progress) {
			last = at
			display.Show(at.Done, at.Total, policiesNote(at))
		},
	})
	display.End()
	if err != nil {
		return err
	}
	if err := policies.NewResults(plan, figures).Write(c.Docs); err != nil {
		return err
	}
	fmt.Printf("wrote %s and its plots from %d simulations, %d of them kept from before\n", filepath.Join(c.Docs, "policies.md"), last.Total, last.Kept)
	return nil
}

func (c *benchPoliciesCommand) faults() []error {
	var faults []error
	for _, name := range c.Policy {
		if _, err := policy.New(name); err != nil {
			faults = append(faults, err)
		}
	}
	if c.Seeds < 0 {
		faults = append(faults, fmt.Errorf("--seeds %d: want 0 or more", c.Seeds))
	}
	if c.Length < 0 {
		faults = append(faults, fmt.Errorf("--length %v: want 0 or more", c.Length))
	}
	return faults
}

// policiesNote is what is shown beside the number of simulations that are done.
func policiesNote(at play.Progress) string {
	return fmt.Sprintf("%d kept from before, about %v left", at.Kept, at.Left.Round(time.Second))
}
