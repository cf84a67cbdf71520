package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
)

type upCommand struct {
	Address           string `default:"127.0.0.1" help:"Address on which all services listen."`
	PortBase          int    `default:"10000" help:"Where the ports begin: nodes +300 to +399, ResourceManager +400, APIServer +500, Scheduler +600, metrics +900."`
	SchedulerEndpoint string `placeholder:"HOST:PORT" help:"Use a scheduler that runs there instead of ours."`
	sandboxFlags
	announceFlags
	poolFlags
	policyFlags
	Shadow []string `placeholder:"P" help:"Policies to simulate on the live calls, to see with minifaas shadow what they would have cost."`
}

// Help is printed below the flags.
func (*upCommand) Help() string {
	return `Starts APIServer, Scheduler, ResourceManager and its nodes, and keeps them
running: a process that dies is started again within a second. Ctrl-C lets
running calls finish, stops everything and leaves nothing behind.
Functions are served as they were when it started: after an edit, stop it and
start it again.

  minifaas up --functions ./functions
  minifaas up --functions functions.yaml --nodes 4 --policy baseline`
}

func (c *upCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger("up")
	if err != nil {
		return err
	}
	functions, loadErr := function.Load(c.Functions)
	live := c.config("started with it")
	if err := check(file, validPort("port-base", c.PortBase, 1, 65535-metricsPort), c.sandboxFlags.validate(), c.poolFlags.validate(c.mostNodes()),
		c.weightFlags.validate(), live.Validate(), c.shadows().validate(live), c.shadowsHere(), loadErr); err != nil {
		return err
	}
	p, err := startPlatform(ctx, platformConfig{
		address: c.Address, portBase: c.PortBase, schedulerEndpoint: c.SchedulerEndpoint,
		sandbox: c.sandboxFlags, announce: c.announceFlags, pool: c.poolFlags, policy: c.policyFlags, shadows: c.shadows(), logs: *logs, log: log,
	})
	if err != nil {
		return err
	}
	scheduler := "scheduler at " + c.SchedulerEndpoint
	if c.SchedulerEndpoint == "" {
		scheduler = "policy " + c.Policy
	}
	nodes := fmt.Sprintf("%d to %d nodes", c.Nodes, c.MaxNodes)
	if c.Simulated {
		nodes = fmt.Sprintf("%d to %d simulated nodes", c.Nodes, c.MaxNodes)
	}
	fmt.Fprintf(os.Stderr, "minifaas is up: %d functions, %s, %s; APIServer on %s, metrics on http://%s/metrics. Ctrl-C stops it.\n",
		len(functions.All()), nodes, scheduler, p.endpoint(apiserverPort), p.endpoint(metricsPort))
	<-ctx.Done()
	fmt.Fprintln(os.Stderr, "stopping: running calls finish first")
	return p.stop()
}

// shadows may have as many nodes as the live policy.
func (c *upCommand) shadows() shadowFlags {
	return shadowFlags{
		Shadow: c.Shadow, ShadowNodes: c.MaxNodes, ShadowAvailable: c.Nodes, ShadowRefill: c.RefillDelay, ShadowCPU: c.NodeCPU,
	}
}

// shadowsHere reports shadows of a scheduler that is not ours, or of nodes that
// go by another time than they do.
func (c *upCommand) shadowsHere() error {
	switch {
	case len(c.Shadow) == 0:
		return nil
	case c.SchedulerEndpoint != "":
		return errors.New("--shadow: the scheduler runs elsewhere; start that one, minifaas scheduler, with --shadow")
	case c.speed() != 1:
		return errors.New("--shadow: shadows go by the clock; leave --time-scale at 1 with them")
	}
	return nil
}
