package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/internal/progress"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type simCommand struct {
	outputFlags
	Workload []string `default:"contest-2020" placeholder:"W" help:"Workloads: built-in ones such as contest-2020, specifications (.yaml), event CSVs or traces of Azure Functions."`
	Policy   []string `default:"baseline,adaptive" placeholder:"P" help:"Policies to play each workload with."`
	weightFlags
	Enlarge     bool          `default:"true" negatable:"" help:"Let the policy adaptive give functions a larger container than they declare, for its CPU, as on the contest's platform."`
	Length      time.Duration `help:"Length of the load: rates stay as they are, phases shrink to it; 0 keeps the workload's own."`
	Seed        uint64        `default:"1" help:"Seed of the workload's generator and of all that the platform draws."`
	Concurrency int           `help:"Concurrency that every function declares, in calls a container; 0 leaves it to the policy."`

	Platform     string        `default:"reference" enum:"reference,memory" help:"reference: nodes of 2 cores and 4 GiB; memory: one node on which only memory is short."`
	Nodes        int           `default:"20" help:"How many nodes there are at most (reference)."`
	Available    int           `default:"10" help:"How many of them can be reserved at first (reference)."`
	Grace        time.Duration `default:"45s" help:"How long before the first call the scheduler is told of the functions; 0: it knows them from their first call on (reference)."`
	Refill       time.Duration `default:"5s" help:"How long it takes until a reserved node is replaced, or a released one is back (reference)."`
	CreateScale  float64       `default:"1" help:"By how much creating a container takes longer."`
	NodeMemory   function.Size `placeholder:"SIZE" help:"Memory of a node. Of the reference's, 4GiB if not given, three quarters are offered; of the other's, all."`
	MemoryFactor float64       `help:"Memory of the node as a multiple of the calls' mean need (memory); 0 is without limit."`

	NodeLoss        time.Duration `help:"Mean time from a node's reservation until it is lost; 0 is never."`
	SlowNodes       float64       `placeholder:"SHARE" help:"Share of nodes, 0 to 1, on which everything takes longer."`
	Slowness        float64       `default:"4" help:"By how much it takes longer there."`
	FailedCreations float64       `placeholder:"SHARE" help:"Share of creations, 0 to 1, that fail."`
}

// Help is printed below the flags.
func (*simCommand) Help() string {
	return `The scheduler's own engine in virtual time: 20 minutes of the contest take
less than a second. The same seed gives the same history. docs/simulator.md has the platform's
model and what the figures mean.

  minifaas sim                                              # the contest, both policies
  minifaas sim --length 5m --seed 7 -o json
  minifaas sim --create-scale 6 --nodes 5                   # slow creations, few nodes
  minifaas sim --node-loss 2m --failed-creations 0.05       # with faults
  minifaas sim --latency-weight 9 --resource-weight 1       # a slowdown counts three times as much
  minifaas sim --workload trace.csv --platform memory --memory-factor 1.2 --concurrency 1`
}

func (c *simCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	var results []*sim.Result
	for _, name := range c.Workload {
		if ctx.Err() != nil {
			break
		}
		w, err := trace.Open(name, trace.Options{Length: c.Length, Seed: c.Seed})
		if err != nil {
			return err
		}
		if c.Platform == "reference" {
			w = w.After(c.Grace)
		}
		platform := c.platform(w)
		for _, name := range c.Policy {
			if ctx.Err() != nil {
				break
			}
			result, err := c.simulate(ctx, w, name, platform)
			if err != nil {
				return err
			}
			results = append(results, result)
		}
	}
	return report.Sim(os.Stdout, report.Format(c.Output), results)
}

func (c *simCommand) simulate(ctx context.Context, w *trace.Workload, name string, platform sim.Platform) (*sim.Result, error) {
	p, err := c.policy(name, w, platform)
	if err != nil {
		return nil, err
	}
	display := progress.New(os.Stderr, "sim: "+w.Name+", "+name, "calls")
	defer display.End()
	return sim.Run(ctx, sim.Config{
		Workload: w, Policy: p, Engine: engine.Config{Seed: c.Seed}, Seed: c.Seed, Platform: platform,
		Declared: c.Concurrency, Announce: c.Platform == "reference" && c.Grace > 0, Progress: func(done, total int) { display.Show(done, total, "") },
	})
}

// oracles are the policies that must be told the workload, and whether they know
// a function only from its first call on.
var oracles = map[string]bool{"oracle": false, "oracle-seen": true}

func (c *simCommand) policy(name string, w *trace.Workload, platform sim.Platform) (engine.Policy, error) {
	if seen, ok := oracles[name]; ok {
		return sim.NewOracle(sim.OracleConfig{Workload: w, Platform: platform, Declared: c.Concurrency, Seen: seen}), nil
	}
	if name == adaptivePolicy {
		return c.adaptive()
	}
	return policy.New(name)
}

func (c *simCommand) adaptive() (engine.Policy, error) {
	settings := c.settings()
	settings.Enlarge = c.Enlarge
	return policy.NewAdaptive(settings)
}

// faults are those of the flags that are told before a workload is read.
func (c *simCommand) faults() []error {
	var faults []error
	report := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	for _, name := range c.Policy {
		if _, isOracle := oracles[name]; isOracle {
			report(c.Platform == "memory", "--policy %s: want --platform memory with it; it is no limit on the other", name)
			continue
		}
		if _, err := policy.New(name); err != nil {
			faults = append(faults, fmt.Errorf("%w; and oracle, oracle-seen", err))
		}
	}
	faults = append(faults, c.validate(), c.settings().Validate())
	report(!c.given() || slices.Contains(c.Policy, adaptivePolicy), "--latency-weight, --resource-weight: want --policy adaptive with them")
	memory := c.Platform == "memory"
	report(c.CreateScale >= 0 && c.CreateScale <= 1e6, "--create-scale %v: want 0 to 1e6", c.CreateScale)
	report(c.Slowness <= 1e6, "--slowness %v: want at most 1e6", c.Slowness)
	report(len(c.Workload) > 0 && len(c.Policy) > 0, "--workload, --policy: want one at least")
	report(c.Grace >= 0 && c.Grace <= 24*time.Hour, "--grace %v: want 0 to 24h", c.Grace)
	report(c.Concurrency >= 0, "--concurrency %d: want 0 or more", c.Concurrency)
	report(c.MemoryFactor >= 0, "--memory-factor %v: want 0 or more", c.MemoryFactor)
	report(memory || c.MemoryFactor == 0, "--memory-factor: want --platform memory with it")
	report(c.MemoryFactor == 0 || c.NodeMemory == 0, "--memory-factor and --node-memory: want one of them")
	p := sim.Reference(1)
	c.configure(&p)
	if err := p.Validate(); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (c *simCommand) platform(w *trace.Workload) sim.Platform {
	if c.Platform == "reference" {
		p := sim.Reference(c.CreateScale)
		c.configure(&p)
		return p
	}
	capacity := int64(c.NodeMemory)
	if c.MemoryFactor > 0 {
		capacity = int64(c.MemoryFactor * sim.BusyMemory(w))
	}
	p := sim.Memory(w, capacity, c.Seed)
	p.Faults = c.faultsOfPlatform()
	create := p.Create
	p.Create = func(function int) nodemodel.Creation {
		creation := create(function)
		creation.Delay = time.Duration(float64(creation.Delay) * c.CreateScale)
		return creation
	}
	return p
}

// configure sets what of the reference platform has flags.
func (c *simCommand) configure(p *sim.Platform) {
	p.Nodes, p.Available, p.Refill, p.Faults = c.Nodes, c.Available, c.Refill, c.faultsOfPlatform()
	if c.NodeMemory > 0 {
		p.Node.Memory = int64(c.NodeMemory)
	}
}

func (c *simCommand) faultsOfPlatform() sim.Faults {
	return sim.Faults{NodeLoss: c.NodeLoss, Slow: c.SlowNodes, Slowness: c.Slowness, Failed: c.FailedCreations}
}
