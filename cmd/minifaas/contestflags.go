package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

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
	Patience   time.Duration `help:"How long answers are awaited after the load, by the clock; by default as long as the wait for a container and the workload's longest function may take."`
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
Ctrl-C gives the result of what has been played; a second one does so at once.

  minifaas bench contest                                       # adaptive and the baseline; 43 minutes
  minifaas bench contest --length 300s --command './my-scheduler' --html report.html
  minifaas bench contest --scheduler 127.0.0.1:7000 --port-base 15000 --length 60s
  minifaas bench contest --policy adaptive,ttl-600 --repeats 5 -o json > contest.json`
}

// faults are those of the flags.
func (c *contestCommand) faults() []error {
	var faults []error
	report := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	for _, line := range c.Command {
		report(strings.TrimSpace(line) != "", "--command %q: want the line of shell that starts a scheduler", line)
	}
	for i, name := range c.Policy {
		report(!slices.Contains(c.Policy[:i], name), "--policy %s: it is there twice; --repeats plays one several times", name)
		if _, err := scheduler.NewPolicy(name, policy.AdaptiveConfig{}); err != nil {
			faults = append(faults, err)
		}
	}
	for _, endpoint := range c.Scheduler {
		host, port, err := net.SplitHostPort(endpoint)
		number, notNumber := strconv.ParseUint(port, 10, 16)
		report(err == nil && host != "" && notNumber == nil && number > 0, "--scheduler %s: want HOST:PORT, the port from 1 to 65535", endpoint)
	}
	report(len(c.Scheduler) == 0 || c.PortBase != 0, "--scheduler: want --port-base with it, so that the scheduler can be told where the ResourceManager is: at 400 above")
	report(len(c.Scheduler) == 0 || c.Repeats == 1, "--scheduler: want --repeats 1 with it: one that goes on still has the nodes of the run before; --command starts it anew for each")
	report(!c.NoBaseline || c.Baseline == "", "--no-baseline and --baseline: want one of them")
	report(c.Nodes == "simulated" || c.CreateScale == 1 && c.TimeScale == 1, "--create-scale, --time-scale: want --nodes simulated with them")
	if c.PortBase != 0 {
		faults = append(faults, validPort("port-base", c.PortBase, 1, 65535-metricsPort))
	}
	sandbox := c.sandbox("")
	return append(faults, sandbox.validate(),
		within("repeats", c.Repeats, 1, 1000), within("grace", c.Grace, 0, longest), within("warm-up", c.WarmUp, 0, longest),
		within("patience", c.Patience, 0, longest),
		within("max-nodes", c.MaxNodes, 1, sandbox.mostNodes()), within("available", c.Available, 0, c.MaxNodes), within("refill", c.Refill, 0, longest))
}
