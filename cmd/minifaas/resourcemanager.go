package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider"
	"github.com/minifaas/minifaas/resourcemanager/provider/local"
	"github.com/minifaas/minifaas/resourcemanager/provider/static"
)

type resourcemanagerCommand struct {
	listenFlags
	sandboxFlags
	poolFlags
	AdvertiseAddress string   `env:"HOST_NAME,MINIFAAS_ADVERTISE_ADDRESS" help:"Address at which APIServer and Scheduler can dial the nodes; by default the one to listen on."`
	Static           []string `placeholder:"HOST:PORT,..." help:"Lend the nodes that run at these addresses, instead of starting nodes here."`
	RunID            string   `default:"alone" help:"Name of the run: a ResourceManager that is restarted with the same one goes on with its nodes and its accounts."`
}

// Run serves the pool of nodes.
func (c *resourcemanagerCommand) Run(ctx context.Context, file *config.File, logs *logFlags, lifeline *process.Lifeline) error {
	log, err := logs.logger("resourcemanager")
	if err != nil {
		return err
	}
	c.setDefaults(c.PortBase)
	if err := check(file, c.listenFlags.validate(), c.sandboxFlags.validate(), c.poolFlags.validate(c.mostNodes()), c.oneKind()); err != nil {
		return err
	}
	nodes, err := c.provider(logs, lifeline, log)
	if err != nil {
		return err
	}
	cfg := resourcemanager.DefaultConfig()
	cfg.Provider, cfg.StateDir, cfg.Run, cfg.Log = nodes, filepath.Join(c.StateDir, "pool"), c.RunID, log
	cfg.Initial, cfg.Max, cfg.RefillDelay = c.Nodes, c.MaxNodes, c.RefillDelay
	if len(c.Static) > 0 {
		cfg.Initial, cfg.Max = len(c.Static), len(c.Static)
	}
	cfg.NodeMemory, cfg.NodeCPU = int64(c.NodeMemory), int64(c.NodeCPU*1000)
	if c.Simulated {
		cfg.RefillDelay, cfg.LostAfter, cfg.IDPrefix = c.scaled(c.RefillDelay), simulatedNodeSilence, "simulated-"
		log.Info("all nodes are simulated")
	}
	server, err := resourcemanager.New(cfg)
	if err != nil {
		return err
	}
	return serve(ctx, service{
		listen: c.listenFlags, offset: resourceManagerPort, log: log, registry: telemetry.NewRegistry(),
		register:   func(s *rpc.Server) { resourcemanagerpb.RegisterResourceManagerServer(s, server) },
		background: server.Run,
		ready:      server.Ready(),
		drain:      server.EndWatches,
	})
}

// oneKind reports nodes that are both here and elsewhere.
func (c *resourcemanagerCommand) oneKind() error {
	if c.Simulated && len(c.Static) > 0 {
		return errors.New("--static: those nodes run elsewhere; leave out --simulated here, and start them with it: minifaas nodeservice --simulated")
	}
	return nil
}

func (c *resourcemanagerCommand) provider(logs *logFlags, lifeline *process.Lifeline, log *zap.Logger) (provider.Provider, error) {
	advertise := c.AdvertiseAddress
	if advertise == "" {
		advertise = c.Address
	}
	switch {
	case len(c.Static) > 0:
		return static.New(c.Static)
	case c.Simulated:
		return c.simulatedNodes(c.Address, advertise, log)
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	first := c.PortBase + nodePorts
	return local.New(local.Config{
		Dir:       filepath.Join(c.StateDir, "pool"),
		Address:   advertise,
		FirstPort: first,
		LastPort:  first + maxNodePorts - 1,
		Lifeline:  lifeline,
		Command: func(name string, port int) []string {
			return append([]string{executable}, command("nodeservice", logs.args(), c.sandboxFlags.args(), flagArgs(
				"name", name, "address", c.Address, "port-base", c.PortBase, "port", port, "slot", port-first,
				"metrics-address", metricsSocket(c.StateDir, name)))...)
		},
	})
}

// poolFlags say how many nodes there are.
type poolFlags struct {
	Nodes       int           `default:"2" help:"How many nodes can be reserved at the start."`
	MaxNodes    int           `default:"4" help:"How many nodes there are at most. The contest's pool is --nodes 10 --max-nodes 20."`
	RefillDelay time.Duration `default:"5s" help:"How long it takes until another node can be reserved after one was, or after one was released."`
}

// validate lists the faults, where there may be most nodes at most.
func (f poolFlags) validate(most int) error {
	var faults []error
	if f.Nodes < 0 || f.Nodes > f.MaxNodes {
		faults = append(faults, fmt.Errorf("--nodes %d: want 0 to --max-nodes (%d)", f.Nodes, f.MaxNodes))
	}
	if f.MaxNodes < 1 || f.MaxNodes > most {
		faults = append(faults, fmt.Errorf("--max-nodes %d: want 1 to %d", f.MaxNodes, most))
	}
	if f.RefillDelay < 0 {
		faults = append(faults, fmt.Errorf("--refill-delay %v: want 0 or more", f.RefillDelay))
	}
	return errors.Join(faults...)
}

func (f poolFlags) args() []string {
	return flagArgs("nodes", f.Nodes, "max-nodes", f.MaxNodes, "refill-delay", f.RefillDelay)
}
