// Package custom runs functions that speak the AWS Lambda Runtime API, version
// 2018-06-01: programs written for Lambda's provided runtimes run unchanged.
//
// The program is the file that the handler names, if there is one, else
// bootstrap. A process runs one invocation at a time; further ones are started
// as more invocations come at once, and reused. So a timeout, a cancellation or
// a crash ends one process and one invocation, and the container serves on.
package custom

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// DefaultHandler is the executable when the handler is not the name of a file.
const DefaultHandler = "bootstrap"

// attempts is how many processes may end while waiting for an invocation
// before that invocation is told.
const attempts = 3

// pool is the processes of one function.
type pool struct {
	function runtime.Function
	path     string
	meter    *rss.Meter

	mu   sync.Mutex // guards idle
	idle []*bootstrap
}

// Start is a runtime.Starter. It returns when the first process has asked for an invocation.
func Start(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	name := f.Handler
	if info, err := os.Stat(filepath.Join(f.CodeDir, name)); err != nil || !info.Mode().IsRegular() {
		name = DefaultHandler
	}
	path, err := f.Executable(name)
	if err != nil {
		return nil, "", err
	}
	p := &pool{function: f, path: path, meter: rss.NewMeter()}
	b, log, err := p.launch(ctx)
	if err != nil {
		return nil, log, err
	}
	p.idle = append(p.idle, b)
	return p, log, nil
}

// Invoke runs one invocation.
func (p *pool) Invoke(ctx context.Context, c runtime.Call) (runtime.Result, error) {
	for n := 1; ; n++ {
		b := p.take()
		if b == nil {
			fresh, log, err := p.launch(ctx)
			if fault, ok := errors.AsType[*runtime.Error](err); ok {
				return runtime.Result{Error: fault, Log: log, PeakMemory: p.meter.With(nil, 0)}, nil
			}
			if err != nil {
				return runtime.Result{}, err
			}
			b = fresh
		}
		res, err := b.invoke(ctx, c)
		if errors.Is(err, errNotTaken) {
			if n < attempts {
				continue
			}
			res.Error, err = runtime.Exited(b.proc.Exit()), nil
		}
		p.put(b)
		return res, err
	}
}

// take returns the process used last, as its caches are the warmest, or nil.
func (p *pool) take() *bootstrap {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := len(p.idle) - 1; n >= 0; n-- {
		b := p.idle[n]
		p.idle = p.idle[:n]
		if !b.dead() {
			return b
		}
		b.pipe.Close()
	}
	return nil
}

// put keeps a process that lives for the next invocation.
func (p *pool) put(b *bootstrap) {
	if b.dead() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, b)
}

// Close ends the idle processes; busy ones end with the ctx of their invocations.
func (p *pool) Close() {
	for b := p.take(); b != nil; b = p.take() {
		b.proc.Kill()
	}
}
