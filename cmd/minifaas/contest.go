package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/report/htmlreport"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type contestCommand struct {
	outputFlags
	workloadFlags
	Policy    []string `placeholder:"NAME" help:"Play to our scheduler with these policies; adaptive may enlarge containers, as the contest's rules let it."`
	Command   []string `sep:"none" placeholder:"LINE" help:"Play to the scheduler that this line of shell starts; may be given several times. docs/benchmark.md says what it finds in its environment."`
	Scheduler []string `placeholder:"HOST:PORT" help:"Play to schedulers that run there; with --port-base, so that they know where the ResourceManager is."`

	Repeats    int           `default:"1" help:"How many times each is played to, in turns."`
	Grace      time.Duration `default:"45s" help:"Time from when a scheduler answers to the first call."`
	WarmUp     time.Duration `help:"How much of the load, from its first call, is left out of latencies. Scores and counts have all calls."`
	NoBaseline bool          `help:"Do not play to the baseline beside the others: there are no scores."`
	Baseline   string        `placeholder:"FILE" help:"Score against the baseline of an earlier contest (-o json) instead of playing to it."`

	Nodes       string        `default:"simulated" enum:"simulated,local" help:"What nodes are: ${enum}. Local ones run functions in real sandboxes on this machine."`
	Available   int           `default:"10" help:"How many nodes can be reserved at the start."`
	MaxNodes    int           `default:"20" help:"How many nodes there are at most."`
	Refill      time.Duration `default:"5s" help:"How long it takes until another node can be reserved after one was, or after one was released."`
	CreateScale float64       `default:"1" help:"How many times longer it takes a simulated node to create a container."`
	TimeScale   float64       `default:"1" help:"How many times faster than the clock the simulated platform is, the load with it: for schedulers that take time as it comes. Figures are of its time."`
	PortBase    int           `placeholder:"PORT" help:"Where the platform's ports begin; by default they are free ones."`
	Isolation   string        `default:"auto" enum:"auto,namespaces,process" help:"How containers on local nodes are shut in: ${enum}."`

	Raw      string `placeholder:"FOLDER" help:"Write one line of CSV for every call into NAME-REPEAT.csv there."`
	HTML     string `name:"html" placeholder:"FILE" help:"Write the report as one HTML page, too."`
	Plots    string `placeholder:"FOLDER" help:"Write the main plots as SVG files, too."`
	KeepLogs string `placeholder:"FILE" help:"Write what the services log into this file, and what each scheduler does into FILE.NAME-REPEAT."`
}

// Help is printed below the flags.
func (*contestCommand) Help() string {
	return `Brings up a platform for each scheduler, one after the other, plays it the workload,
and ranks them. A scheduler that dies, hangs or answers nonsense is a result, too.
Ctrl-C gives the result of what has been played.

  minifaas bench contest                                       # adaptive and the baseline; 43 minutes
  minifaas bench contest --length 300s --command './my-scheduler' --html report.html
  minifaas bench contest --scheduler 127.0.0.1:7000 --port-base 20000 --length 60s
  minifaas bench contest --policy adaptive,ttl-600 --repeats 5 -o json > contest.json`
}

func (c *contestCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	if err := check(file, c.faults()...); err != nil {
		return err
	}
	workload, err := c.open()
	if err != nil {
		return err
	}
	earlier, err := c.earlier()
	if err != nil {
		return err
	}
	stage, err := newStage(logs, c.KeepLogs)
	if err != nil {
		return err
	}
	runs, err := c.playAll(ctx, stage, workload)
	if err = errors.Join(err, stage.close()); err != nil {
		return err
	}
	report.ScoreContest(runs, earlier)
	if planned := c.Repeats * len(c.contestants()); len(runs) < planned {
		for i := range runs {
			runs[i].Notes = append(runs[i].Notes, fmt.Sprintf("PARTIAL: the contest was interrupted, %d of %d runs were played", len(runs), planned))
		}
	}
	return errors.Join(report.Contest(os.Stdout, report.Format(c.Output), runs), c.writeHTML(runs))
}

// faults are those of the flags.
func (c *contestCommand) faults() []error {
	var faults []error
	report := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	for _, name := range c.Policy {
		if _, err := scheduler.NewPolicy(name, policy.AdaptiveConfig{}); err != nil {
			faults = append(faults, err)
		}
	}
	for _, endpoint := range c.Scheduler {
		_, _, err := net.SplitHostPort(endpoint)
		report(err == nil, "--scheduler %s: want HOST:PORT", endpoint)
	}
	report(len(c.Scheduler) == 0 || c.PortBase != 0, "--scheduler: want --port-base with it, so that the scheduler can be told where the ResourceManager is: at 400 above")
	report(len(c.Scheduler) == 0 || c.Repeats == 1, "--scheduler: want --repeats 1 with it: one that goes on still has the nodes of the run before; --command starts it anew for each")
	report(c.Repeats >= 1 && c.Repeats <= 1000, "--repeats %d: want 1 to 1000", c.Repeats)
	report(c.Grace >= 0, "--grace %v: want 0 or more", c.Grace)
	report(c.WarmUp >= 0, "--warm-up %v: want 0 or more", c.WarmUp)
	for flag, path := range map[string]string{"html": c.HTML, "keep-logs": c.KeepLogs} {
		_, err := os.Stat(filepath.Dir(path)) // before an hour is played
		report(path == "" || err == nil, "--%s %s: there is no such folder", flag, path)
	}
	report(!c.NoBaseline || c.Baseline == "", "--no-baseline and --baseline: want one of them")
	report(c.Nodes == "simulated" || c.CreateScale == 1 && c.TimeScale == 1, "--create-scale, --time-scale: want --nodes simulated with them")
	if c.PortBase != 0 {
		faults = append(faults, validPort("port-base", c.PortBase, 1, 65535-metricsPort))
	}
	sandbox := c.sandbox("")
	faults = append(faults, sandbox.validate(), c.pool().validate(sandbox.mostNodes()))
	return faults
}

// earlier are the runs of --baseline.
func (c *contestCommand) earlier() ([]report.ContestRun, error) {
	if c.Baseline == "" {
		return nil, nil
	}
	file, err := os.Open(c.Baseline)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	defer file.Close()
	runs, err := report.ReadContest(file)
	if err != nil {
		return nil, fmt.Errorf("read baseline %s: %w", c.Baseline, err)
	}
	return runs, nil
}

func (c *contestCommand) sandbox(functions string) sandboxFlags {
	return sandboxFlags{
		functionFlags: functionFlags{functions}, Isolation: c.Isolation, NodeMemory: defaultNodeMemory, NodeCPU: defaultNodeCPU,
		Simulated: c.Nodes == "simulated", CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

func (c *contestCommand) pool() poolFlags {
	return poolFlags{Nodes: c.Available, MaxNodes: c.MaxNodes, RefillDelay: c.Refill}
}

// playAll plays all repeats, the contestants in turns, so that a machine that
// changes changes for all of them.
func (c *contestCommand) playAll(ctx context.Context, stage *stage, workload *trace.Workload) ([]report.ContestRun, error) {
	declare := declareFunctions
	if c.Nodes == "simulated" {
		declare = declareSimulated
	}
	notes, err := declare(workload, stage.functions())
	if err != nil {
		return nil, err
	}
	if c.TimeScale != 1 {
		notes = append(notes, fmt.Sprintf("the platform's time went %v times as fast as the clock; the scheduler's own speed did not", c.TimeScale))
	}
	if c.Raw != "" {
		if err := os.MkdirAll(c.Raw, 0o755); err != nil {
			return nil, err
		}
	}
	var runs []report.ContestRun
	for repeat := range c.Repeats {
		for _, who := range c.contestants() {
			if ctx.Err() != nil {
				return runs, nil
			}
			run, err := c.playOne(ctx, stage, workload, who, repeat)
			if err != nil && ctx.Err() != nil {
				return runs, nil // interrupted while the platform was starting
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", who.name, err)
			}
			run.Setting = c.setting(workload)
			run.Notes = slices.Concat(run.Notes, notes, stage.conditions(c.MaxNodes))
			runs = append(runs, *run)
		}
	}
	return runs, nil
}

func (c *contestCommand) setting(workload *trace.Workload) report.Setting {
	return report.Setting{
		LengthSeconds: workload.Length.Seconds(), GraceSeconds: c.Grace.Seconds(), Available: c.Available, MaxNodes: c.MaxNodes,
		RefillSeconds: c.Refill.Seconds(), CreateScale: c.CreateScale, TimeScale: c.TimeScale,
	}
}

func (c *contestCommand) playOne(ctx context.Context, stage *stage, workload *trace.Workload, who contestant, repeat int) (*report.ContestRun, error) {
	p, err := stage.platform(ctx, platformConfig{
		portBase: c.portBase(who), schedulerEndpoint: who.endpoint, withoutScheduler: true,
		sandbox: c.sandbox(stage.functions()), announce: announceFlags{Announce: true}, pool: c.pool(),
	})
	if err != nil {
		return nil, err
	}
	run, err := c.playOn(ctx, p, stage, workload, who, repeat)
	return run, errors.Join(err, p.stop())
}

// portBase is where the platform's ports begin; 0 is wherever they are free. A scheduler
// that runs already must not come upon the platform of another's run.
func (c *contestCommand) portBase(who contestant) int {
	const apart = 1000
	switch {
	case len(c.Scheduler) == 0 || who.endpoint != "":
		return c.PortBase
	case c.PortBase+apart+metricsPort <= 65535:
		return c.PortBase + apart
	default:
		return c.PortBase - apart
	}
}

func (c *contestCommand) playOn(ctx context.Context, p *platform, stage *stage, workload *trace.Workload, who contestant, repeat int) (*report.ContestRun, error) {
	apiserver, resourceManager, err := dialPlatform(p)
	if err != nil {
		return nil, err
	}
	defer apiserver.Close()
	defer resourceManager.Close()
	cfg := contest.Config{
		Name: who.name, Policy: who.policy, Endpoint: who.endpoint,
		Workload: workload, Seed: workload.Seed, Repeat: repeat, Platform: c.Nodes,
		APIServer: apiserver, ResourceManager: resourceManager,
		Grace: c.Grace, TimeScale: c.TimeScale, WarmUp: c.WarmUp, Environment: environment(), Progress: os.Stderr,
	}
	fmt.Fprintf(os.Stderr, "%s, %d of %d: %v of %s on %s nodes, the first call %v after it answers\n",
		who.name, repeat+1, c.Repeats, workload.Length.Round(time.Second), workload.Name, c.Nodes, c.Grace)
	if who.endpoint == "" {
		cfg.Endpoint = p.endpoint(schedulerPort)
		log := filepath.Join(stage.folder, "scheduler") + "." + fileName(who.name, repeat)
		if c.KeepLogs != "" {
			log = c.KeepLogs + "." + fileName(who.name, repeat)
		}
		if cfg.Command, err = who.start(p, log); err != nil {
			return nil, err
		}
	} else {
		fmt.Fprintf(os.Stderr, "%s: the ResourceManager is at %s\n", who.name, p.endpoint(resourceManagerPort))
	}
	if c.Raw == "" {
		return contest.Play(ctx, cfg)
	}
	raw, err := os.Create(filepath.Join(c.Raw, fileName(who.name, repeat)+".csv"))
	if err != nil {
		return nil, fmt.Errorf("write raw records: %w", err)
	}
	cfg.Raw = raw
	run, err := contest.Play(ctx, cfg)
	return run, errors.Join(err, raw.Close())
}

// fileName is one that a contestant's name makes, whatever is in it.
func fileName(name string, repeat int) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/:\\ ", r) {
			return '-'
		}
		return r
	}, fmt.Sprintf("%s-%d", name, repeat))
}

func (c *contestCommand) writeHTML(runs []report.ContestRun) error {
	if len(runs) == 0 {
		return nil
	}
	if c.Plots != "" {
		if _, err := htmlreport.Plots(c.Plots, runs); err != nil {
			return err
		}
	}
	if c.HTML == "" {
		return nil
	}
	file, err := os.Create(c.HTML)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(htmlreport.Write(file, runs), file.Close())
}
