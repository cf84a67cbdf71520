package main

import (
	"context"

	"github.com/minifaas/minifaas/apiserver"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

type apiserverCommand struct {
	listenFlags
	functionFlags
	announceFlags
	SchedulerEndpoint string `env:"SCHEDULER_ENDPOINT,MINIFAAS_SCHEDULER_ENDPOINT" default:"127.0.0.1:10600" help:"host:port of the Scheduler, or unix:@NAME: the --socket of one on this machine."`
	NodeConnections   int    `default:"256" help:"How many connections to nodes are kept open."`
}

// announceFlags say whether the scheduler is told of functions that nobody has called yet.
type announceFlags struct {
	Announce bool `help:"Prepare a container of each deployed function before its first call; costs memory."`
}

// functionFlags say which functions there are.
type functionFlags struct {
	Functions string `placeholder:"PATH" help:"Functions to serve: a YAML manifest, or a folder with functions.yaml or FUNCTION/function.yaml in it."`
}

func (c *apiserverCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger("apiserver")
	if err != nil {
		return err
	}
	functions, loadErr := function.Load(c.Functions)
	cfg := apiserver.Config{Scheduler: c.SchedulerEndpoint, Functions: functions, NodeConnections: c.NodeConnections, Announce: c.Announce, Log: log}
	if err := check(file, c.validate(), loadErr, cfg.Validate()); err != nil {
		return err
	}
	server, err := apiserver.New(cfg)
	if err != nil {
		return err
	}
	defer server.Close()
	return serve(ctx, service{
		listen: c.listenFlags, offset: apiserverPort, log: log, registry: telemetry.NewRegistry(),
		register:    func(s *rpc.Server) { apiserverpb.RegisterAPIServerServer(s, server) },
		leavesCores: true,
	})
}
