package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/load"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
)

type hotpathCommand struct {
	outputFlags
	Endpoint string        `placeholder:"HOST:PORT" help:"Scheduler to measure; by default a platform with simulated nodes is started for it."`
	Policy   string        `default:"adaptive" help:"Scheduling policy of the scheduler that is started."`
	Callers  []int         `default:"1,16,64,256" help:"How many callers there are at once, one number after the other."`
	Rounds   int           `default:"20" help:"How many blocks are measured of each kind, in turns; one more goes before, as warm-up."`
	Block    time.Duration `default:"500ms" help:"How long a block lasts."`
}

// Help is printed below the flags.
func (*hotpathCommand) Help() string {
	return `Each caller has a function of its own with one warm container, which it acquires and
returns, again and again. In turns with that it makes two calls with the same messages
to a bare gRPC server. On a shared machine neither figure says much alone, but their
ratio does.`
}

// Limits of the hot path's platform.
const (
	maxCallers     = 1000
	maxRounds      = 10_000
	hotpathPerNode = defaultNodeMemory * 3 / 4 / load.HotpathMemory // containers
)

func (c *hotpathCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	if c.Endpoint != "" {
		return c.measure(ctx, c.Endpoint, "")
	}
	most := slices.Max(c.Callers)
	stage := loadStage{functions: load.Functions(most, load.HotpathMemory), nodes: most/hotpathPerNode + 1, policy: c.Policy}
	return stage.run(ctx, logs, func(ctx context.Context, p *platform) error {
		return c.measure(ctx, p.endpoint(schedulerPort), p.metricsURL())
	})
}

func (c *hotpathCommand) faults() []error {
	faults := []error{knownPolicy(c.Policy), within("rounds", c.Rounds, 1, maxRounds), within("block", c.Block, time.Millisecond, time.Hour)}
	for _, n := range c.Callers {
		faults = append(faults, within("callers", n, 1, maxCallers))
	}
	if len(c.Callers) == 0 {
		faults = append(faults, errors.New("--callers: want one at least"))
	}
	return faults
}

func (c *hotpathCommand) measure(ctx context.Context, endpoint, metrics string) error {
	var blocks counter
	stop := showWhile(os.Stderr, "hotpath", "blocks", blocks.state("warming up"))
	result, err := load.MeasureHotpath(ctx, load.HotpathConfig{
		Scheduler: endpoint, Metrics: metrics, Callers: c.Callers, Rounds: c.Rounds, Block: c.Block,
		Progress: blocks.set,
	})
	stop()
	if err != nil {
		return err
	}
	return report.Hotpath(os.Stdout, report.Format(c.Output), result)
}
