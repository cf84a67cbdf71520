package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/minifaas/minifaas/bench/manifest"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// loadStage is a platform of simulated nodes whose scheduler is to be loaded.
type loadStage struct {
	functions []manifest.Declaration
	nodes     int // all of which can be reserved at once
	policy    string
	// createTime is what creating a container takes; 0 is as the model says.
	createTime time.Duration
	keepLogs   string
}

// run brings the platform up, measures, and leaves nothing behind. Where the platform
// fails the measurement ends there, as if it was interrupted, and that is an error.
func (s loadStage) run(ctx context.Context, logs *logFlags, measure func(context.Context, *platform) error) error {
	debug.SetGCPercent(gcPercent) // the load takes CPU from what is measured
	stage, err := newStage(logs, s.keepLogs)
	if err != nil {
		return err
	}
	if err := s.declare(stage.functions()); err != nil {
		return errors.Join(err, stage.close())
	}
	started := sayWhile(fmt.Sprintf("starting services and %d simulated nodes", s.nodes))
	p, err := stage.platform(ctx, platformConfig{
		sandbox: sandboxFlags{functionFlags: functionFlags{stage.functions()}, Simulated: true, CreateTime: s.createTime},
		pool:    poolFlags{Nodes: s.nodes, MaxNodes: s.nodes},
		policy:  policyFlags{Policy: s.policy},
	})
	started()
	if err != nil {
		return errors.Join(err, stage.close())
	}
	measuring, watch := p.watch(ctx)
	err = errors.Join(measure(measuring, p), watch.stop())
	defer sayWhile("stopping services and nodes")()
	return errors.Join(err, p.stop(), stage.close())
}

func (s loadStage) declare(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, "functions.yaml"))
	if err != nil {
		return err
	}
	return errors.Join(manifest.Write(file, s.functions), file.Close())
}

func knownPolicy(name string) error {
	_, err := policy.New(name)
	return err
}

// metricsURL is where the metrics of all services of the platform are.
func (p *platform) metricsURL() string { return "http://" + p.endpoint(metricsPort) + "/metrics" }
