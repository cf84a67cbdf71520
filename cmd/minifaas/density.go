package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/minifaas/minifaas/bench/density"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/progress"
	"github.com/minifaas/minifaas/nodeservice"
)

type densityCommand struct {
	outputFlags
	Runtime     string        `default:"python3" enum:"python3,nodejs,native,binary,wasm" help:"Runtime of the function that says hello: ${enum}."`
	Containers  int           `default:"1000" help:"How many containers are kept idle."`
	AtOnce      int           `default:"4" help:"How many are created, or called, at once."`
	FreezeAfter time.Duration `default:"2s" help:"Freeze a container that has been idle for so long; 0 is never."`
	Isolation   string        `default:"auto" enum:"auto,namespaces,process" help:"How containers are shut in: ${enum}."`
	Agent       string        `placeholder:"FILE" help:"The agent that runs in containers; by default those built into this program."`
}

// Help is printed below the flags.
func (*densityCommand) Help() string {
	return `One node, as large as its containers ask for, is filled with idle containers of one
function, one tenant's. When they have rested, the fall of the machine's available
memory is what they cost, the node, its pool of sandboxes and the kernel included;
other programs' memory is in it too, so the machine should be quiet. Then each is
called once, and all are removed, also after Ctrl-C. Creating is not what is
measured: bench cold does that.`
}

// densitySamples are the functions that say hello.
var densitySamples = map[string]string{
	"python3": "hello-python", "nodejs": "hello-nodejs", "native": "hello", "binary": "hello-shell", "wasm": "hello-wasm",
}

func (c *densityCommand) Run(ctx context.Context, file *config.File, logs *logFlags) (err error) {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	stage, err := newStage(logs, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	if err := errors.Join(writeSamples(stage.functions()), density.WriteModule(stage.functions())); err != nil {
		return err
	}
	functions, err := function.Load(stage.functions())
	if err != nil {
		return err
	}
	f, err := functions.Find("", densitySamples[c.Runtime])
	if err != nil {
		return err
	}
	log, err := quiet(*logs).logger("density")
	if err != nil {
		return err
	}
	flags := c.sandbox(stage, f.Memory)
	runtime, err := flags.runtime("density", maxNodePorts, log)
	if err != nil {
		return err
	}
	node := nodeservice.New(flags.node(functions, runtime, log))
	defer func() { err = errors.Join(err, node.Close()) }()
	stage.isolation = runtime.Isolation()
	return c.measure(ctx, node, stage.conditions(1))
}

// quiet leaves out what is only news: it would run into the progress bar.
func quiet(f logFlags) *logFlags {
	if f.LogLevel == "info" {
		f.LogLevel = "warn"
	}
	return &f
}

func (c *densityCommand) faults() (faults []error) {
	if c.Containers < 1 {
		faults = append(faults, fmt.Errorf("--containers %d: want 1 or more", c.Containers))
	}
	if c.AtOnce < 1 {
		faults = append(faults, fmt.Errorf("--at-once %d: want 1 or more", c.AtOnce))
	}
	if c.FreezeAfter < 0 {
		faults = append(faults, fmt.Errorf("--freeze-after %v: want 0 (never) or more", c.FreezeAfter))
	}
	return faults
}

// sandbox is a node that has room for all containers, whatever the machine has.
func (c *densityCommand) sandbox(s *stage, memory int64) *sandboxFlags {
	return &sandboxFlags{
		StateDir: s.stateDir(), CgroupParent: s.cgroupParent(),
		Isolation: c.Isolation, Agent: c.Agent, Pool: true, FreezeAfter: c.FreezeAfter,
		NodeMemory: function.Size(int64(c.Containers)*memory + 1<<30), NodeCPU: 64,
	}
}

func (c *densityCommand) measure(ctx context.Context, node *nodeservice.Server, notes []string) error {
	display := progress.New(os.Stderr, "density: "+c.Runtime, "containers")
	result, err := density.Measure(ctx, density.Config{
		Node: node, Function: densitySamples[c.Runtime], Containers: c.Containers, AtOnce: c.AtOnce, Rest: c.FreezeAfter,
		Progress: func(phase string, done int) { display.Show(done, c.Containers, phase) },
	})
	display.End()
	if err != nil {
		return err
	}
	return report.Density(os.Stdout, report.Format(c.Output), c.Runtime, result, notes)
}
