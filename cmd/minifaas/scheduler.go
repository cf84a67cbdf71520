package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
	StackName               string `env:"STACK_NAME" help:"Name of the deployment; it only appears in the log."`
}

// policyFlags say how containers and nodes are scheduled.
type policyFlags struct {
	Policy        string        `default:"adaptive" help:"Scheduling policy: adaptive, or baseline (the contest's: one call a container, nothing ever removed)."`
	QueueLimit    int           `default:"1000" help:"How many calls of one function may wait for a container."`
	MaxWait       time.Duration `default:"60s" help:"Longest time a call waits for a container."`
	StatsInterval time.Duration `default:"1s" help:"How often each node is asked what it runs."`
	Journal       string        `placeholder:"DIR" help:"Folder for a journal of all that the scheduler was told and decided; empty for none."`
	JournalSize   function.Size `default:"256MiB" help:"Most that the journal keeps."`
}

func (f policyFlags) args() []string {
	return flagArgs("policy", f.Policy, "queue-limit", f.QueueLimit, "max-wait", f.MaxWait,
		"stats-interval", f.StatsInterval, "journal", f.Journal, "journal-size", f.JournalSize)
}

// config is without a log and metrics.
func (f policyFlags) config(resourceManager string) scheduler.Config {
	return scheduler.Config{
		ResourceManager: resourceManager,
		Policy:          f.Policy,
		Engine:          engine.Config{QueueLimit: f.QueueLimit, MaxWait: f.MaxWait},
		StatsInterval:   f.StatsInterval,
		Journal:         f.Journal,
		JournalSize:     int64(f.JournalSize),
	}
}

func (c *schedulerCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger("scheduler")
	if err != nil {
		return err
	}
	registry := telemetry.NewRegistry()
	cfg := c.policyFlags.config(c.ResourceManagerEndpoint)
	cfg.Log, cfg.Metrics = log, registry
	if err := check(file, c.listenFlags.validate(), cfg.Validate(), c.shadowFlags.validate(cfg)); err != nil {
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
	background := server.Run
	if shadows != nil {
		background = func(ctx context.Context) error {
			ctx, stop := context.WithCancel(ctx)
			group, ctx := errgroup.WithContext(ctx)
			group.Go(func() error { return shadows.Run(ctx) })
			group.Go(func() error {
				defer stop()
				return server.Run(ctx)
			})
			return group.Wait()
		}
	}
	return serve(ctx, service{
		listen: c.listenFlags, offset: schedulerPort, log: log, registry: registry,
		register:   func(s *rpc.Server) { schedulerpb.RegisterSchedulerServer(s, server) },
		background: background,
		ready:      server.Running(),
	})
}
