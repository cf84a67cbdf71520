package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/bench/manifest"
	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
)

// workloadFlags say what is played.
type workloadFlags struct {
	Workload string        `default:"contest-2020" help:"Workload: a built-in one (${workloads}; azure-like:N has N functions), a specification (.yaml), an event CSV, or a trace of Azure Functions, of 2019 also its folder; any with .gz."`
	Length   time.Duration `help:"Length of the load: rates stay as they are, phases shrink to it; 0 keeps the workload's own."`
	Seed     uint64        `help:"Seed of the workload's generator; 0 keeps the workload's own."`
}

func (f workloadFlags) open() (*trace.Workload, error) {
	return trace.Open(f.Workload, trace.Options{Length: f.Length, Seed: f.Seed})
}

type replayCommand struct {
	apiserverFlags
	serviceFlags
	outputFlags
	workloadFlags
	ResourceManagerEndpoint string        `placeholder:"HOST:PORT" help:"ResourceManager that accounts for node time; by default the one on this machine."`
	Account                 string        `help:"Account of the functions that have none in the workload; empty is the default one."`
	MaxCalls                int           `help:"Stop after so many calls; 0 plays all."`
	WarmUp                  time.Duration `help:"How much of the load, from its first call, is left out of latencies. Scores and counts have all calls."`
	TimeScale               float64       `default:"1" help:"How many times faster than the clock the platform is (minifaas up --time-scale): the load is sent so much faster, and figures are of the platform's time."`
	Raw                     string        `placeholder:"FILE" help:"Write one line of CSV for every call, with the field names of the InVitro loader."`
	Baseline                string        `placeholder:"FILE" help:"Result of another replay (-o json) to score this one against."`
	Declare                 string        `placeholder:"FOLDER" help:"Write the functions that the workload calls into this folder, for minifaas up --functions, and stop."`
}

// Help is printed below the flags.
func (*replayCommand) Help() string {
	return `Arrivals never wait for answers. The functions must be there: --declare writes
them, for the platform to be started with.

  minifaas replay --declare /tmp/contest
  minifaas up --functions /tmp/contest --nodes 10 --max-nodes 20 --policy baseline &
  minifaas replay --length 5m -o json > baseline.json
  minifaas replay --length 5m --baseline baseline.json      # of another policy`
}

func (c *replayCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	workload, err := c.open()
	if err != nil {
		return err
	}
	if c.Declare != "" {
		return c.declare(workload)
	}
	baseline, err := c.baseline()
	if err != nil {
		return err
	}
	raw, closeRaw, err := c.raw()
	if err != nil {
		return err
	}
	defer func() { _ = closeRaw() }() // a second time is harmless
	apiserver, err := c.dial(c.Endpoint, apiserverPort)
	if err != nil {
		return err
	}
	defer apiserver.Close()
	resourceManager, err := c.dial(c.ResourceManagerEndpoint, resourceManagerPort)
	if err != nil {
		return err
	}
	defer resourceManager.Close()
	result, err := replay.Run(ctx, replay.Config{
		Workload: workload, APIServer: apiserver, ResourceManager: resourceManager, Account: c.Account,
		MaxCalls: c.MaxCalls, WarmUp: c.WarmUp, TimeScale: c.TimeScale, Progress: os.Stderr, Raw: raw,
	})
	if err != nil {
		return explain(err, apiserver)
	}
	return errors.Join(report.Replay(os.Stdout, report.Format(c.Output), result, baseline), closeRaw())
}

func (c *replayCommand) declare(workload *trace.Workload) error {
	if err := namesOf(workload); err != nil {
		return err
	}
	notes, err := declareFunctions(workload, c.Declare)
	for _, note := range notes {
		fmt.Fprintln(os.Stderr, "note:", note)
	}
	return err
}

// declareFunctions writes the sample functions into folder/samples, and a
// manifest of the workload's functions that are made of them into folder.
func declareFunctions(workload *trace.Workload, folder string) (notes []string, err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	samples := filepath.Join(folder, "samples")
	if err := os.MkdirAll(samples, 0o755); err != nil {
		return nil, err
	}
	if err := writeSamples(samples); err != nil {
		return nil, err
	}
	found, err := manifest.Samples(samples, linux.HasRuntime)
	if err != nil {
		return nil, err
	}
	declarations, notes, err := manifest.Functions(workload, found)
	if err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(folder, "functions.yaml"))
	if err != nil {
		return nil, err
	}
	return notes, errors.Join(manifest.Write(file, declarations), file.Close())
}

func (c *replayCommand) baseline() (*score.Run, error) {
	if c.Baseline == "" {
		return nil, nil
	}
	file, err := os.Open(c.Baseline)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	defer file.Close()
	run, err := report.ReadRun(file)
	if err != nil {
		return nil, fmt.Errorf("read baseline %s: %w; want the output of minifaas replay -o json", c.Baseline, err)
	}
	return &run, nil
}

func (c *replayCommand) raw() (io.Writer, func() error, error) {
	if c.Raw == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.Create(c.Raw)
	if err != nil {
		return nil, nil, fmt.Errorf("write raw records: %w", err)
	}
	return file, file.Close, nil
}

// dialPlatform connects to the APIServer and the ResourceManager of a platform.
func dialPlatform(p *platform) (apiserver, resourceManager *grpc.ClientConn, err error) {
	if apiserver, err = rpc.Dial(p.endpoint(apiserverPort)); err != nil {
		return nil, nil, err
	}
	if resourceManager, err = rpc.Dial(p.endpoint(resourceManagerPort)); err != nil {
		apiserver.Close()
		return nil, nil, err
	}
	return apiserver, resourceManager, nil
}
