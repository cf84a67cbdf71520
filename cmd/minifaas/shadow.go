package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/shadow"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// shadowFlags say which policies run beside the live one.
type shadowFlags struct {
	Shadow          []string      `placeholder:"P" help:"Policies to simulate on the live calls, to see with minifaas shadow what they would have cost; the live one is always among them."`
	ShadowNodes     int           `default:"20" hidden:"" help:"How many nodes simulated policies may have."`
	ShadowAvailable int           `default:"10" hidden:"" help:"How many of them can be reserved at first."`
	ShadowRefill    time.Duration `default:"5s" hidden:"" help:"How long it takes until a node is replaced or back."`
	ShadowCPU       float64       `name:"shadow-cpu" default:"2" hidden:"" help:"CPU of their nodes, in cores."`
}

func (f shadowFlags) args() []string {
	if len(f.Shadow) == 0 {
		return nil
	}
	var args []string
	for _, name := range f.Shadow {
		args = append(args, flagArgs("shadow", name)...)
	}
	return append(args, flagArgs("shadow-nodes", f.ShadowNodes, "shadow-available", f.ShadowAvailable,
		"shadow-refill", f.ShadowRefill, "shadow-cpu", f.ShadowCPU)...)
}

// config is that of the shadows of a scheduler.
func (f shadowFlags) config(live scheduler.Config) shadow.Config {
	return shadow.Config{
		Live: live.Policy, Policies: f.Shadow, Engine: live.Engine,
		Nodes: f.ShadowNodes, Available: f.ShadowAvailable, Refill: f.ShadowRefill, CPU: f.ShadowCPU,
	}
}

// validate reports the faults of the shadows, if there are any.
func (f shadowFlags) validate(live scheduler.Config) error {
	if len(f.Shadow) == 0 {
		return nil
	}
	if live.Adaptive != (policy.AdaptiveConfig{}) {
		return errors.New("--shadow: the control would play adaptive with its default weights: leave out --latency-weight, --resource-weight and --enlarge")
	}
	return f.config(live).Validate()
}

// on lets shadows that were asked for watch a scheduler that is yet to be made;
// nil: there are none.
func (f shadowFlags) on(live *scheduler.Config) (*shadow.Runner, error) {
	if len(f.Shadow) == 0 {
		return nil, nil
	}
	runner, err := shadow.New(f.config(*live))
	if err != nil {
		return nil, err
	}
	live.Tap = runner.Tap
	return runner, live.Metrics.Register(runner)
}

// beside is run with the shadows, if there are any, for as long as it lasts.
func beside(shadows *shadow.Runner, run func(context.Context) error) func(context.Context) error {
	if shadows == nil {
		return run
	}
	return func(ctx context.Context) error {
		var following sync.WaitGroup
		defer following.Wait()
		watching, stop := context.WithCancel(ctx)
		defer stop()
		following.Go(func() { shadows.Run(watching) })
		return run(ctx)
	}
}

type shadowCommand struct {
	serviceFlags
	outputFlags
	MetricsEndpoint string        `aliases:"endpoint" placeholder:"HOST:PORT" help:"Where the platform or the scheduler serves its metrics; by default the one on this machine. --endpoint is the same."`
	Timeout         time.Duration `default:"10s" help:"Longest time to wait for the answer."`
}

// Help is printed below the flags.
func (*shadowCommand) Help() string {
	return `The figures are those of minifaas up --shadow, or of minifaas scheduler with
--shadow and --metrics-address. docs/shadow.md says how they are measured.

  minifaas up --functions ./functions --shadow baseline,ttl-600 &
  minifaas shadow`
}

func (c *shadowCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	if c.MetricsEndpoint == "" {
		c.MetricsEndpoint = net.JoinHostPort("127.0.0.1", strconv.Itoa(c.PortBase+metricsPort))
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.MetricsEndpoint+"/metrics", http.NoBody)
	if err != nil {
		return fmt.Errorf("--endpoint %s: %w", c.MetricsEndpoint, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil && strings.Contains(err.Error(), "malformed HTTP response") {
		return fmt.Errorf("read metrics: %s does not answer in HTTP, as if it were a service's gRPC endpoint; give --endpoint that of metrics, 900 above the port base: 127.0.0.1:%d by default", c.MetricsEndpoint, c.PortBase+metricsPort)
	}
	if err != nil {
		return fmt.Errorf("read metrics: %w; is minifaas up running? --endpoint or --port-base say where; metrics are 900 above the base", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return fmt.Errorf("read metrics of %s: %w", c.MetricsEndpoint, err)
	}
	found, err := shadow.Read(families)
	if err != nil {
		return fmt.Errorf("%s: %w", c.MetricsEndpoint, err)
	}
	return report.Shadow(os.Stdout, report.Format(c.Output), found)
}
