package main

import (
	"context"
	"errors"
	"time"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

type schedulerCommand struct {
	listenFlags
	policyFlags
	shadowFlags
	ResourceManagerEndpoint string `env:"RESOURCE_MANAGER_ENDPOINT,MINIFAAS_RESOURCE_MANAGER_ENDPOINT" default:"127.0.0.1:10400" help:"host:port of the ResourceManager."`
	Socket                  string `placeholder:"NAME" help:"Name of an abstract unix socket to serve on as well; an APIServer on this machine reaches it as unix:@NAME, for less than a TCP connection costs."`
	StackName               string `env:"STACK_NAME" help:"Name of the deployment; it only appears in the log."`
}

// policyFlags say how containers and nodes are scheduled.
type policyFlags struct {
	weightFlags
	Enlarge       bool          `help:"Let the policy adaptive give functions a larger container than they declare, for its CPU. Their declared memory is then no limit."`
	Resize        bool          `default:"true" negatable:"" help:"Have nodes raise the memory limit of containers that run when their function turns out to need more; without it, and on nodes that can't, they are replaced."`
	Policy        string        `default:"adaptive" help:"Scheduling policy: adaptive, or baseline (the contest's: one call a container, nothing ever removed)."`
	QueueLimit    int           `default:"1000" help:"How many calls of one function may wait for a container."`
	MaxWait       time.Duration `default:"60s" help:"Longest time a call waits for a container."`
	StatsInterval time.Duration `default:"1s" help:"How often each node is asked what it runs."`
	Journal       string        `placeholder:"DIR" help:"Folder for a journal of all that the scheduler was told and decided; empty for none."`
	JournalSize   function.Size `default:"256MiB" help:"Most that the journal keeps."`
}

func (f policyFlags) args() []string {
	return append(f.weightFlags.args(), flagArgs("enlarge", f.Enlarge, "resize", f.Resize, "policy", f.Policy, "queue-limit", f.QueueLimit, "max-wait", f.MaxWait,
		"stats-interval", f.StatsInterval, "journal", f.Journal, "journal-size", f.JournalSize)...)
}

// config is without a log and metrics.
func (f policyFlags) config(resourceManager string) scheduler.Config {
	settings := f.settings()
	settings.Enlarge = f.Enlarge
	return scheduler.Config{
		ResourceManager: resourceManager,
		Policy:          f.Policy,
		Adaptive:        settings,
		Engine:          engine.Config{QueueLimit: f.QueueLimit, MaxWait: f.MaxWait, Resize: f.Resize},
		StatsInterval:   f.StatsInterval,
		Journal:         f.Journal,
		JournalSize:     int64(f.JournalSize),
	}
}

// schedulerWorkers are more than other services have: a call keeps one for as long
// as its container is being made.
const schedulerWorkers = 512

func (c *schedulerCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger("scheduler")
	if err != nil {
		return err
	}
	registry := telemetry.NewRegistry()
	cfg := c.policyFlags.config(c.ResourceManagerEndpoint)
	cfg.Log, cfg.Metrics = log, registry
	if err := check(file, c.listenFlags.validate(), c.weightFlags.validate(), cfg.Validate(), c.shadowFlags.validate(cfg), c.readable()); err != nil {
		return err
	}
	shadows, err := c.on(&cfg)
	if err != nil {
		return err
	}
	server, err := scheduler.New(cfg)
	if err != nil {
		return err
	}
	return serve(ctx, service{
		listen: c.listenFlags, offset: schedulerPort, socket: c.Socket, log: log, registry: registry,
		register:   func(s *rpc.Server) { schedulerpb.RegisterSchedulerServer(s, server) },
		background: beside(shadows, server.Run),
		ready:      server.Running(),
		workers:    schedulerWorkers,
		// Shadows compute, and a journal may wait for its disk: calls need a core beside them.
		leavesCores: len(c.Shadow) == 0 && c.Journal == "",
	})
}

// readable reports shadows that nobody could see.
func (c *schedulerCommand) readable() error {
	if len(c.Shadow) > 0 && c.MetricsAddress == "" {
		return errors.New("--shadow: want --metrics-address with it, where minifaas shadow reads the figures")
	}
	return nil
}
