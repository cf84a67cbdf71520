package resident

import (
	"context"
	"errors"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// Limits while no function is known.
const (
	prepareTimeout  = 10 * time.Second
	prepareLogLimit = 4 << 10
)

// Prepared is a worker that waits to be told its function.
type Prepared struct{ w *worker }

// Prepare starts a worker that says Waiting first of all, and returns when it has.
func Prepare(ctx context.Context, cmd Command) (*Prepared, error) {
	p, _, err := prepare(ctx, runtime.Function{CodeDir: "/", LoadTimeout: prepareTimeout, LogLimit: prepareLogLimit}, cmd)
	return p, err
}

// PrepareAndLoad starts such a worker in the function's own environment, and loads it.
func PrepareAndLoad(ctx context.Context, f runtime.Function, cmd Command) (runtime.Runtime, string, error) {
	begun := time.Now()
	p, log, err := prepare(ctx, f, cmd)
	if err != nil {
		return nil, log, err
	}
	limit := f.LoadTimeout
	f.LoadTimeout = max(limit-time.Since(begun), time.Millisecond)
	rt, more, err := p.Load(ctx, f)
	if fault, ok := errors.AsType[*runtime.Error](err); ok && fault.Code == runtime.CodeTimeout {
		err = runtime.LoadTimeout(limit)
	}
	return rt, log + more, err
}

// prepare starts the worker in no function's folder: its own imports are not the function's.
func prepare(ctx context.Context, f runtime.Function, cmd Command) (p *Prepared, log string, err error) {
	w := newWorker(f)
	cmd.Dir = "/"
	if err := w.start(cmd); err != nil {
		return nil, "", err
	}
	if _, log, err = w.await(ctx); err != nil {
		return nil, log, err
	}
	return &Prepared{w}, log, nil
}

// Load tells the worker its function, and returns when it is loaded; see
// runtime.Starter. It is called once.
func (p *Prepared) Load(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	w := p.w
	w.mu.Lock()
	w.function, w.load = f, output.NewLog(f.LogLimit)
	w.mu.Unlock()
	w.pipe.Attach(w.load)
	_ = w.tell(f)
	return w.await(ctx)
}

// tell says which function it is. An error means that the worker is gone: its end answers.
func (w *worker) tell(f runtime.Function) error {
	return w.frames.WriteLoad(frame.Function{Handler: f.Handler, CodeDir: f.CodeDir, Environment: f.Environ(nil), Preload: f.Preload, Snapshot: f.Snapshot})
}

// Close ends the worker.
func (p *Prepared) Close() { p.w.kill("not needed") }

// Done is closed when the worker is dead.
func (p *Prepared) Done() <-chan struct{} { return p.w.proc.Done() }
