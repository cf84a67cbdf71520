package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/load"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/progress"
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
	hotpathPerNode = defaultNodeMemory * 3 / 4 / load.HotpathMemory // containers
)

func (c *hotpathCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	if c.Endpoint != "" {
		return c.measure(ctx, c.Endpoint)
	}
	most := slices.Max(c.Callers)
	stage := loadStage{functions: load.Functions(most, load.HotpathMemory), nodes: most/hotpathPerNode + 1, policy: c.Policy}
	return stage.run(ctx, logs, func(ctx context.Context, p *platform) error {
		return c.measure(ctx, p.endpoint(schedulerPort))
	})
}

func (c *hotpathCommand) faults() []error {
	faults := []error{knownPolicy(c.Policy)}
	for _, n := range c.Callers {
		if n < 1 || n > maxCallers {
			faults = append(faults, fmt.Errorf("--callers %d: want 1 to %d", n, maxCallers))
		}
	}
	if len(c.Callers) == 0 {
		faults = append(faults, errors.New("--callers: want one at least"))
	}
	if c.Rounds < 1 {
		faults = append(faults, fmt.Errorf("--rounds %d: want 1 or more", c.Rounds))
	}
	if c.Block <= 0 {
		faults = append(faults, fmt.Errorf("--block %v: want more than 0", c.Block))
	}
	return faults
}

func (c *hotpathCommand) measure(ctx context.Context, endpoint string) error {
	display := progress.New(os.Stderr, "hotpath", "blocks")
	result, err := load.MeasureHotpath(ctx, load.HotpathConfig{
		Scheduler: endpoint, Callers: c.Callers, Rounds: c.Rounds, Block: c.Block,
		Progress: func(done, total int) { display.Show(done, total, "") },
	})
	display.End()
	if err != nil {
		return err
	}
	return report.Hotpath(os.Stdout, report.Format(c.Output), result)
}
