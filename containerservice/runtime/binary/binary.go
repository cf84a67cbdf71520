// Package binary runs functions that are programs or scripts: a process for
// every invocation. The event is its standard input and its standard output the
// result; standard error is the log. An exit code other than 0 is an error of
// the function. Beside the function's own environment it gets REQUEST_ID and
// DEADLINE_MS (the time of its timeout, in ms since 1970).
//
// When the process ends, so do the processes that it started.
package binary

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// DefaultHandler is the executable when the handler is empty.
const DefaultHandler = "fn.sh"

type program struct {
	function runtime.Function
	path     string
	meter    *rss.Meter
}

// Start is a runtime.Starter. Nothing of the function runs yet.
func Start(_ context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	if f.Handler == "" {
		f.Handler = DefaultHandler
	}
	path, err := f.Executable(f.Handler)
	if err != nil {
		return nil, "", err
	}
	return &program{function: f, path: path, meter: rss.NewMeter()}, "", nil
}

// Close has nothing to do: invocations end with their ctx, and all else with the agent.
func (p *program) Close() {}

// Invoke runs one invocation.
func (p *program) Invoke(ctx context.Context, c runtime.Call) (runtime.Result, error) {
	r := &run{log: output.NewLog(p.function.LogLimit)}
	if err := r.start(p, c); err != nil {
		if e := runtime.StartError(err); e != err {
			return runtime.Result{Error: e.(*runtime.Error), PeakMemory: p.meter.With(nil, 0)}, nil
		}
		return runtime.Result{}, err
	}
	fault := r.wait(ctx, c.Timeout)
	res := runtime.Result{Duration: time.Since(r.begun)}
	r.stderr.Flush()
	exit := r.proc.Exit()
	res.PeakMemory = p.meter.With(r.memory, exit.MaxRSS)
	r.memory.Forget()
	r.stderr.Close()
	res.Log = r.log.String()
	switch {
	case ctx.Err() != nil && fault != nil:
		return res, ctx.Err()
	case fault != nil:
		res.Error = fault
	case exit.Signal != 0 || exit.Code != 0:
		res.Error = runtime.Exited(exit)
		if tail := output.LastLine(res.Log); tail != "" {
			res.Error.Message += ": " + tail
		}
	default:
		res.Body = r.body
	}
	return res, nil
}

// run is one process.
type run struct {
	begun  time.Time
	proc   *process.Process
	memory *rss.Process
	stderr *output.Pipe
	log    *output.Log
	stdout *os.File
	body   []byte
	read   chan struct{} // closed when body is read
}

func (r *run) start(p *program, c runtime.Call) error {
	in, feed, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make input pipe: %w", err)
	}
	defer in.Close()
	stdout, out, err := os.Pipe()
	if err != nil {
		feed.Close()
		return fmt.Errorf("make output pipe: %w", err)
	}
	defer out.Close()
	stderr, errout, err := output.NewPipe()
	if err != nil {
		feed.Close()
		stdout.Close()
		return err
	}
	defer errout.Close()
	stderr.Attach(r.log)
	r.begun = time.Now()
	r.proc, err = process.Start(process.Spec{
		Path: p.path,
		Dir:  p.function.CodeDir,
		Env: p.function.Environ(map[string]string{
			"REQUEST_ID":  c.RequestID,
			"DEADLINE_MS": strconv.FormatInt(r.begun.Add(c.Timeout).UnixMilli(), 10),
		}),
		Files: []*os.File{in, out, errout},
	})
	if err != nil {
		feed.Close()
		stdout.Close()
		stderr.Close()
		return err
	}
	r.stdout, r.stderr = stdout, stderr
	r.memory = p.meter.Watch(r.proc.PID())
	r.read = make(chan struct{})
	go func() {
		_, _ = feed.Write(c.Event) // fails if the function does not read it all
		feed.Close()
	}()
	go func() {
		r.body, _ = io.ReadAll(io.LimitReader(stdout, runtime.MaxPayload+1))
		stdout.Close()
		close(r.read)
	}()
	return nil
}

// lingering is how long output is still read after the end of all processes
// that are known: one that has hidden itself may keep the pipe open.
const lingering = 100 * time.Millisecond

// wait returns when the process is gone and its output read. If it had to be
// killed, wait returns why.
func (r *run) wait(ctx context.Context, limit time.Duration) (fault *runtime.Error) {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	read := r.read
	for running := true; running; {
		select {
		case <-r.proc.Done():
			running = false
		case <-read:
			read = nil
			if len(r.body) > runtime.MaxPayload {
				fault = runtime.TooLarge()
				r.proc.Kill()
			}
		case <-timeout.C:
			fault = runtime.Timeout(limit)
			r.proc.Kill()
		case <-ctx.Done():
			fault = runtime.Errorf(runtime.TypeExit, "canceled")
			r.proc.Kill()
		}
	}
	_ = r.stdout.SetReadDeadline(time.Now().Add(lingering))
	<-r.read
	if fault == nil && len(r.body) > runtime.MaxPayload {
		fault = runtime.TooLarge()
	}
	return fault
}
