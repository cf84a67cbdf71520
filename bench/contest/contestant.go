package contest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc/connectivity"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/internal/rpc"
)

// Command says how a scheduler is started.
type Command struct {
	// Argv is the executable and its arguments, Line what people call it.
	Argv []string
	Line string
	// Env is added to this process's own.
	Env []string
	// Log is the file that takes its output; its end is shown when it fails.
	Log string
	// Guard is the command of its process.Guard, which kills it and its descendants if
	// this process is killed; nil is none.
	Guard []string
}

const (
	// stopPatience is how long a scheduler may take to end once it was told to.
	stopPatience = 5 * time.Second
	// firstLine and waitLine are when somebody is told that a scheduler is being waited for.
	firstLine = 2 * time.Second
	waitLine  = 10 * time.Second
	logTail   = 2048
)

// contestant is a scheduler and what is known of its process; of one that runs
// elsewhere nothing is.
type contestant struct {
	command *Command
	cmd     *exec.Cmd
	process *process.Process // nil if it was not started
	guard   *process.Guard   // nil if there is none
	// patience is how long it may take until it answers.
	patience time.Duration
	meter    *meter
	gone     <-chan struct{} // closed when the process is dead; nil for one that is not ours
}

func newContestant(c *Command) *contestant { return &contestant{command: c, patience: startPatience} }

// start starts the process, if there is one to start.
func (c *contestant) start() error {
	if c.command == nil {
		return nil
	}
	log, err := os.OpenFile(c.command.Log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command(c.command.Argv[0], c.command.Argv[1:]...)
	c.cmd.Env = append(os.Environ(), c.command.Env...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	start := process.Start
	if c.command.Guard != nil {
		if c.guard, err = process.NewGuard(c.command.Guard); err != nil {
			return err
		}
		start = c.guard.Start
	}
	if c.process, err = start(c.cmd); err != nil {
		return err
	}
	c.gone, c.meter = c.process.Done(), newMeter(c.process.ID().PID)
	return nil
}

// awaitAnswer returns when something at endpoint takes gRPC calls. It is an error
// if that takes too long, or if a process of ours ends before.
func (c *contestant) awaitAnswer(ctx context.Context, endpoint, name string, progress io.Writer) error {
	conn, err := rpc.Dial(endpoint)
	if err != nil {
		return err
	}
	defer conn.Close()
	ready := make(chan struct{})
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
			conn.Connect()
			if !conn.WaitForStateChange(waiting, state) {
				return
			}
		}
		close(ready)
	}()
	tooLong := time.After(c.patience)
	line := time.NewTimer(firstLine)
	defer line.Stop()
	for {
		select {
		case <-ready:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-c.gone:
			return errors.New(c.died())
		case <-tooLong:
			if c.command == nil {
				return fmt.Errorf("nobody answered at %s within %v", endpoint, c.patience)
			}
			return fmt.Errorf("nobody answered at %s within %v; %s", endpoint, c.patience, c.words())
		case <-line.C:
			line.Reset(waitLine)
			fmt.Fprintf(progress, "%s: waiting for a scheduler to answer at %s\n", name, endpoint)
		}
	}
}

// died says how the process ended by itself, with the end of its output; empty
// if it has not.
func (c *contestant) died() string {
	if c.process == nil {
		return ""
	}
	select {
	case <-c.process.Done():
	default:
		return ""
	}
	return fmt.Sprintf("%s; %s", c.exit(), c.words())
}

func (c *contestant) exit() string {
	if err := c.process.Err(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// words says what the scheduler printed last.
func (c *contestant) words() string {
	if tail := c.tail(); tail != "" {
		return "its output ends with:\n" + tail
	}
	return "it printed nothing"
}

// tail is the end of what the scheduler wrote.
func (c *contestant) tail() string {
	text, err := os.ReadFile(c.command.Log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(text[max(0, len(text)-logTail):]), "?"))
}

// stop ends the process with its group, and whatever else is left of it, and tells
// what it has used; nil if it never ran here.
func (c *contestant) stop() *report.SchedulerProcess {
	defer c.guard.Close()
	if c.process == nil {
		return nil
	}
	used := &report.SchedulerProcess{Command: c.command.Line}
	select {
	case <-c.process.Done():
		used.Exit = c.exit()
	default:
		c.meter.read() // while its processes are still there
		ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
		defer cancel()
		_ = c.process.StopGroup(ctx) // one that had to be killed is no trouble: the run was over
	}
	c.meter.stop(c.cmd.ProcessState)
	used.CPUSeconds, used.PeakRSSMB = c.meter.cpu.Seconds(), float64(c.meter.peak)/(1<<20)
	return used
}
