package custom

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// bootstrap is one process, with an endpoint of the Runtime API of its own: the
// address tells which process is calling.
type bootstrap struct {
	pool   *pool
	proc   *process.Process
	memory *rss.Process
	pipe   *output.Pipe
	api    *api
}

// errNotTaken: the process ended before it asked for the invocation, so nothing of it ran.
var errNotTaken = errors.New("process ended before the invocation")

// launch starts a process and waits until it asks for an invocation. log is
// what it wrote until then.
func (p *pool) launch(ctx context.Context) (b *bootstrap, log string, err error) {
	b = &bootstrap{pool: p, api: newAPI(p.function)}
	load := output.NewLog(p.function.LogLimit)
	if err := b.start(load); err != nil {
		return nil, "", runtime.StartError(err)
	}
	if err := b.awaitLoad(ctx, load); err != nil {
		b.proc.Kill()
		b.pipe.Flush()
		b.pipe.Close()
		return nil, load.String(), err
	}
	b.pipe.Detach(load)
	return b, load.String(), nil
}

func (b *bootstrap) start(load *output.Log) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: b.api.routes(), ReadHeaderTimeout: 10 * time.Second}
	pipe, out, err := output.NewPipe()
	if err != nil {
		l.Close()
		return err
	}
	defer out.Close()
	pipe.Attach(load)
	f := b.pool.function
	b.proc, err = process.Start(process.Spec{
		Path:  b.pool.path,
		Dir:   f.CodeDir,
		Env:   f.Environ(lambdaEnvironment(f, l.Addr().String())),
		Files: []*os.File{nil, out, out},
	})
	if err != nil {
		l.Close()
		pipe.Close()
		return err
	}
	b.pipe = pipe
	b.memory = b.pool.meter.Watch(b.proc.PID())
	go func() { _ = srv.Serve(l) }()
	go func() {
		<-b.proc.Done()
		srv.Close()
		b.memory.Forget()
	}()
	return nil
}

// awaitLoad waits for the process's own initialisation.
func (b *bootstrap) awaitLoad(ctx context.Context, load *output.Log) error {
	limit := time.NewTimer(b.pool.function.LoadTimeout)
	defer limit.Stop()
	check := time.NewTicker(20 * time.Millisecond)
	defer check.Stop()
	for {
		select {
		case fault := <-b.api.loaded:
			if fault != nil {
				return fault
			}
			return nil
		case <-b.proc.Done():
			select {
			case fault := <-b.api.loaded: // it said why before it ended
				if fault != nil {
					return fault
				}
			default:
			}
			return runtime.Exited(b.proc.Exit())
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return runtime.LoadTimeout(b.pool.function.LoadTimeout)
		case <-check.C:
			if load.Total() > runtime.MaxLoadOutput {
				return runtime.TooMuchOutput()
			}
		}
	}
}

// invoke runs one invocation in the process, which is the caller's alone.
func (b *bootstrap) invoke(ctx context.Context, c runtime.Call) (runtime.Result, error) {
	log := output.NewLog(b.pool.function.LogLimit)
	b.pipe.Attach(log)
	b.memory.Reset()
	in := newInvocation(c)
	timeout := time.NewTimer(c.Timeout)
	defer timeout.Stop()
	b.api.pending <- in

	var res runtime.Result
	var err error
	select {
	case a := <-in.answered:
		res.Body, res.Error = a.body, a.fault
	case <-b.proc.Done():
		select {
		case a := <-in.answered: // it answered before it ended
			res.Body, res.Error = a.body, a.fault
		default:
			res.Error = runtime.Exited(b.proc.Exit())
			if !in.wasTaken() {
				err = errNotTaken
			}
		}
	case <-timeout.C:
		b.proc.Kill()
		res.Error = runtime.Timeout(c.Timeout)
	case <-ctx.Done():
		b.proc.Kill()
		err = ctx.Err()
	}
	res.Duration = in.duration()
	peak := b.memory.Peak()
	b.pipe.Detach(log)
	if b.dead() {
		peak = b.proc.Exit().MaxRSS
		b.pipe.Close()
	}
	res.PeakMemory = b.pool.meter.With(b.memory, peak)
	res.Log = log.String()
	return res, err
}

func (b *bootstrap) dead() bool {
	select {
	case <-b.proc.Done():
		return true
	default:
		return false
	}
}

// lambdaEnvironment is what Lambda sets. There is no region or account:
// libraries insist on a region, so it gets one.
func lambdaEnvironment(f runtime.Function, api string) map[string]string {
	return map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          api,
		"LAMBDA_TASK_ROOT":                f.CodeDir,
		"LAMBDA_RUNTIME_DIR":              f.CodeDir,
		"_HANDLER":                        f.Handler,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.FormatInt(f.MemoryMiB(), 10),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "minifaas",
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"TZ":                              ":UTC",
	}
}

const region = "us-east-1"
