// Command minifaas is the whole platform in one program: all services, alone or
// together, and the tools to use and to measure them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/process"
)

type commands struct {
	Config kong.ConfigFlag `placeholder:"FILE" help:"YAML file with settings: flag names without the dashes; those of sim, demo and bench, and of one command alone, below its name. Flags win over the environment, the environment over the file."`
	logFlags

	Up      upCommand      `cmd:"" group:"Run" help:"Run all five services on this machine until Ctrl-C."`
	Demo    demoCommand    `cmd:"" group:"Run" settings:"own" help:"Run the platform under a condensed real workload, with two policies, and compare them."`
	Version versionCommand `cmd:"" group:"Run" help:"Print the version."`

	Invoke    invokeCommand    `cmd:"" group:"Call and look" help:"Run a function once."`
	Functions functionsCommand `cmd:"" group:"Call and look" help:"List the functions that can be invoked."`
	Status    statusCommand    `cmd:"" group:"Call and look" help:"Show nodes, containers, calls in flight and queues."`
	Why       whyCommand       `cmd:"" group:"Call and look" help:"Tell why a request, or the last one, was cold, had to wait, or was refused."`
	Shadow    shadowCommand    `cmd:"" group:"Call and look" help:"Show what other policies would have made of the live calls."`
	Replay    replayCommand    `cmd:"" group:"Call and look" help:"Send a workload to an APIServer, open loop, and print what became of it."`

	Policies policiesCommand `cmd:"" group:"Compare and measure" help:"List the scheduling policies, or show one."`
	Sim      simCommand      `cmd:"" group:"Compare and measure" settings:"own" help:"Play workloads to policies in virtual time, and compare them."`
	Bench    benchCommand    `cmd:"" settings:"own" help:"Measure the platform."`

	APIServer        apiserverCommand        `cmd:"" name:"apiserver" group:"Single services" help:"Run the APIServer alone."`
	Scheduler        schedulerCommand        `cmd:"" group:"Single services" help:"Run the Scheduler alone."`
	ResourceManager  resourcemanagerCommand  `cmd:"" name:"resourcemanager" group:"Single services" help:"Run the ResourceManager alone, with its nodes."`
	NodeService      nodeserviceCommand      `cmd:"" name:"nodeservice" group:"Single services" help:"Run one node alone."`
	ContainerService containerserviceCommand `cmd:"" name:"containerservice" group:"Single services" help:"Run the ContainerService of one container alone."`
}

// helpVars are what texts of help say by name.
var helpVars = kong.Vars{"workloads": strings.Join(trace.Names(), ", ")}

// errReported ends a command that has already said what is wrong.
var errReported = errors.New("reported")

func main() {
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintf(os.Stderr, "minifaas: %s\n", report.Visible(err.Error())) // peers' words may be in it
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	defer stop()
	context.AfterFunc(ctx, func() {
		time.Sleep(toldTwice)
		stop() // a second Ctrl-C ends this process at once, unless its command has taken it
	})
	lifeline, err := process.InheritedLifeline()
	if err != nil {
		return err
	}
	var c commands
	var file *config.File
	parser, err := kong.New(&c,
		kong.Name("minifaas"),
		kong.Description("Functions as a service around one adaptive scheduler."),
		kong.ShortUsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		config.Variables("MINIFAAS"),
		helpVars,
		kong.Configuration(func(r io.Reader) (kong.Resolver, error) {
			// c.Config is not set yet.
			path := "configuration"
			if named, ok := r.(interface{ Name() string }); ok {
				path = named.Name()
			}
			var err error
			file, err = config.Read(r, path)
			return file, err
		}),
		kong.Bind(&c.logFlags, lifeline),
		kong.BindTo(withLifeline(ctx, lifeline), (*context.Context)(nil)),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(asOthersHaveIt(args))
	parser.FatalIfErrorf(err)
	return command.Run(file)
}

// asOthersHaveIt understands what is asked of most programs first: help [COMMAND] and --version.
func asOthersHaveIt(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 0, len(args) == 1 && args[0] == "bench": // and which commands are there?
		return append(slices.Clone(args), "--help")
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// toldTwice is how soon after a signal the same one is not another. timeout(1), for one,
// tells its command, and then the group that this is in.
const toldTwice = time.Second

// endSignals are those that end a command in good order. A lost terminal is one of them,
// unless whoever started this process had it ignored, as nohup does.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// withLifeline ends ctx also when the supervisor of this process is gone.
func withLifeline(ctx context.Context, lifeline *process.Lifeline) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-lifeline.Broken():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx
}
