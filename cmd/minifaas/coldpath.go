package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/minifaas/minifaas/bench/load"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
)

type coldpathCommand struct {
	outputFlags
	Policy     string        `default:"ttl-60" help:"Scheduling policy. One that makes containers ahead of calls has less to do when they come: such calls count as warm."`
	Nodes      int           `default:"500" help:"How many simulated nodes there are."`
	CreateTime time.Duration `default:"100ms" help:"Time that it takes a node to create a container, however many it creates at once."`
	Functions  int           `default:"1000" help:"How many functions there are: they are called one after the other."`
	Memory     function.Size `default:"128MiB" help:"Memory of a container. The larger it is, the more nodes there are with creations under way."`
	From       float64       `default:"500" help:"First rate, in creations a second."`
	To         float64       `help:"Last rate; 0 goes on until one does not hold."`
	WarmUp     time.Duration `default:"1s" help:"How long each rate lasts before it is measured."`
	Window     time.Duration `default:"4s" help:"How long each rate is measured."`
	Confirm    time.Duration `default:"30s" help:"How long the knee must hold in the end: where it does not, the rate is lowered until it does. 0 does without."`
	Soak       time.Duration `help:"After the sweep, load the scheduler for so long at 70 % of the knee, and watch what the Scheduler and the ResourceManager hold. It fails if memory, goroutines or open files of one grow by more than 2 % after the first fifth."`
	KeepLogs   string        `placeholder:"FILE" help:"Write what the services log into this file."`
}

// Help is printed below the flags.
func (*coldpathCommand) Help() string {
	return `Calls come at an even rate, whatever becomes of those before. Each needs a container
made, and returns it as used up. The rate rises to where the scheduler no longer
keeps up: where it creates less than 98 % of what is asked for, or where the 99th
percentile of AcquireContainer is more than twice what creating takes by itself.
Scheduler, nodes and load share this machine.`
}

// Limits of what is asked of one machine.
const (
	maxRate          = 100_000 // creations a second
	maxColdFunctions = 100_000
)

func (c *coldpathCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	stage := loadStage{
		functions: load.Functions(c.Functions, int64(c.Memory)), nodes: c.Nodes, policy: c.Policy,
		createTime: c.CreateTime, keepLogs: c.KeepLogs,
	}
	return stage.run(ctx, logs, c.measure)
}

func (c *coldpathCommand) faults() []error {
	faults := []error{
		knownPolicy(c.Policy),
		within("nodes", c.Nodes, 1, maxSimulatedNodes),
		within("create-time", c.CreateTime, time.Millisecond, time.Minute),
		within("functions", c.Functions, 1, maxColdFunctions),
		within("from", c.From, 1, maxRate),
		within("warm-up", c.WarmUp, 0, longest),
		within("window", c.Window, time.Millisecond, longest),
		within("confirm", c.Confirm, 0, longest),
		within("soak", c.Soak, 0, longest),
	}
	if c.To != 0 && !(c.To >= c.From && c.To <= maxRate) {
		faults = append(faults, fmt.Errorf("--to %v: want 0 (no limit), or --from or more, to %d", c.To, maxRate))
	}
	if c.Memory <= 0 || c.Memory > defaultNodeMemory*3/4 {
		faults = append(faults, fmt.Errorf("--memory %v: want at most what a node offers, %v", c.Memory, function.Size(defaultNodeMemory*3/4)))
	}
	return faults
}

func (c *coldpathCommand) measure(ctx context.Context, p *platform) error {
	stop := func() {} // showing the step that is under way
	result, err := load.MeasureColdpath(ctx, load.ColdpathConfig{
		Scheduler: p.endpoint(schedulerPort), Creation: c.CreateTime, Functions: c.Functions, Memory: int64(c.Memory),
		From: c.From, To: c.To, WarmUp: c.WarmUp, Window: c.Window, Confirm: c.Confirm,
		Begun: func(rate float64, length time.Duration) {
			stop = timeWhile("coldpath", fmt.Sprintf("at %.0f creations/s", rate), length)
		},
		Progress: func(step load.Step) {
			stop()
			stop = func() {}
			showStep(step)
		},
	})
	stop()
	if err != nil {
		return err
	}
	soak, soakErr := c.soak(ctx, p, result.Knee)
	err = report.Coldpath(os.Stdout, report.Format(c.Output), report.ColdpathSetting{
		Policy: c.Policy, Nodes: c.Nodes, CreateMS: c.CreateTime.Seconds() * 1000,
		Functions: c.Functions, MemoryMB: int64(c.Memory) >> 20, Cores: runtime.NumCPU(),
	}, result, soak)
	return errors.Join(err, soakErr)
}

// soakShare is how much of the knee a soak takes.
const soakShare = 0.7

// soak is nil where it is not asked for. One that finds that something has grown is
// an error, too.
func (c *coldpathCommand) soak(ctx context.Context, p *platform, knee *load.Step) (*load.Soak, error) {
	if c.Soak == 0 || ctx.Err() != nil {
		return nil, nil
	}
	if knee == nil {
		return nil, errors.New("coldpath: no rate held, so there is none to soak at: try a lower --from")
	}
	defer timeWhile("soak", fmt.Sprintf("at %.0f creations/s", soakShare*knee.Offered), c.Soak)()
	soak, err := load.MeasureSoak(ctx, load.SoakConfig{
		Scheduler: p.endpoint(schedulerPort), Metrics: p.metricsURL(), Watched: []string{"resourcemanager", "scheduler"},
		Functions: c.Functions, Memory: int64(c.Memory), Rate: soakShare * knee.Offered, Length: c.Soak,
	})
	if err == nil && !soak.Partial && !soak.Sound() {
		err = errors.New("coldpath: a service grew under a steady load: see the soak")
	}
	return soak, err
}

// showStep tells of each rate as it is tried: nobody knows how many there will be.
func showStep(s load.Step) {
	verdict := "held"
	if !s.Held {
		verdict = "not held"
	}
	fmt.Fprintf(os.Stderr, "coldpath: %.0f creations/s: %.0f achieved, p99 %v, %s\n", s.Offered, s.Achieved, s.P99.Round(time.Millisecond), verdict)
}
