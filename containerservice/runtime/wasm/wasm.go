// Package wasm runs functions that are WebAssembly modules on WASI preview 1. The
// handler is the name of the module's file. What the module exports says of
// which style it is:
//
//   - _start: a command, as a program is with package binary. The event is its
//     standard input, its standard output the result, standard error the log; an
//     exit code other than 0 is an error of the function.
//   - handle(ptr i32, len i32) → i64: a reactor. The platform calls _initialize, if
//     it is exported, then alloc(len i32) → i32 (or else malloc, which is the
//     same), writes the event to where that points, and calls handle with it, or
//     with 0 and 0 if the event is empty. The answer is where the result is: its address
//     in the upper 32 bits, its length in the lower. What it prints is the log.
//
// Each invocation gets an instance of its own, so that it finds nothing of
// another's in its memory; many run at once. A module sees its code, read-only, at
// /var/task, and the container's /tmp, where it can make no symbolic links. It
// has the clocks, random numbers and the environment, and no sockets.
//
// With a snapshot the platform calls _initialize when the container is made, keeps memory
// and globals, and gives them to each instance, in which it calls after_restore, if it is
// exported, instead.
//
// Modules run inside the agent. A timeout or a cancellation ends one invocation,
// see package preempt; one that does not heed it is ended with the
// container by the node. An invocation that asks for more memory than the
// container has for one is told so by memory.grow, as WebAssembly has it,
// and if it then fails it has run out of memory, alone. All invocations together
// are bounded by the container's memory limit, which ends the container.
package wasm

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	goruntime "runtime"
	"runtime/debug"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// DefaultHandler is the module when the handler is empty.
const DefaultHandler = "main.wasm"

// program is a loaded module.
type program struct {
	*module
	function runtime.Function
	config   wazero.ModuleConfig // but for what differs from call to call
	limit    uint64              // of an invocation's memory, in bytes
	meter    *rss.Meter
	snapshot *snapshot // nil: each instance is initialised
}

// Start is a runtime.Starter. Nothing of the function runs yet, but for what a
// snapshot is taken of.
func Start(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	useProcessors(f.Memory)
	f.Handler = handler(f)
	m, err := loadInTime(ctx, f)
	if err != nil {
		return nil, "", err
	}
	p := &program{module: m, function: f, limit: memoryLimit(f.Memory, held()), meter: rss.NewMeter()}
	if m.least > p.limit {
		m.close()
		return nil, "", outOfMemory("module %s begins with %d MiB of memory, and a container of %d MiB leaves it %d",
			f.Handler, m.least>>20, f.MemoryMiB(), p.limit>>20)
	}
	if p.config, err = configure(&p.function); err != nil {
		m.close()
		return nil, "", err
	}
	if !f.Snapshot {
		return p, "", nil
	}
	var log string
	if p.snapshot, log, err = p.takeSnapshot(ctx); err != nil {
		m.close()
		return nil, log, err
	}
	p.limit = max(p.snapshot.size, memoryLimit(f.Memory, held()+int64(p.snapshot.image.held())))
	return p, log, nil
}

// Close has nothing to do: invocations end with their ctx, and all else with the agent.
func (p *program) Close() {}

func handler(f runtime.Function) string {
	if f.Handler == "" {
		return DefaultHandler
	}
	return f.Handler
}

// loadInTime gives up after the function's load timeout. The compiler can't be
// stopped: it ends with the container.
func loadInTime(ctx context.Context, f runtime.Function) (*module, error) {
	type result struct {
		m   *module
		err error
	}
	done := make(chan result, 1)
	go func() {
		m, err := load(context.WithoutCancel(ctx), f)
		done <- result{m, err}
	}()
	var over <-chan time.Time // never, if there is no limit
	if f.LoadTimeout > 0 {
		limit := time.NewTimer(f.LoadTimeout)
		defer limit.Stop()
		over = limit.C
	}
	select {
	case r := <-done:
		return r.m, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-over:
		return nil, runtime.LoadTimeout(f.LoadTimeout)
	}
}

// load gets the module ready to be instantiated, from its compiled form if there is one.
func load(ctx context.Context, f runtime.Function) (*module, error) {
	if f.Compiled != "" {
		if m, err := open(ctx, f.Compiled); err == nil {
			return m, nil
		}
		// It is of another version, or damaged. The code is there all the same.
	}
	defer debug.FreeOSMemory() // compiling takes many times what is left of it
	code, image, err := read(f)
	if err != nil {
		return nil, err
	}
	if err := image.keep(); err != nil {
		return nil, err
	}
	return newModule(ctx, f.Handler, code, image, nil)
}

// read returns the function's module with the checks of package preempt in it, and
// apart from it what its memory begins with.
func read(f runtime.Function) ([]byte, *image, error) {
	path := filepath.Join(f.CodeDir, f.Handler)
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, runtime.Errorf(runtime.TypeHandlerNotFound, "no module %q in the function's code: %v", f.Handler, err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, runtime.Errorf(runtime.TypeHandlerNotFound, "%q is not a file", f.Handler)
	}
	code, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read module: %w", err)
	}
	return rewrite(f.Handler, code)
}

// cpuPerGiB is the CPU quota that the node gives a container for each GiB of its memory, in cores.
const cpuPerGiB = 0.67

// useProcessors lets the agent, which needs only one thread to pass messages on,
// use as many as the container's quota is worth: invocations compute in it.
func useProcessors(memory int64) {
	worth := int(math.Ceil(cpuPerGiB * float64(memory) / (1 << 30)))
	if n := min(worth, goruntime.NumCPU()); n > goruntime.GOMAXPROCS(0) {
		goruntime.GOMAXPROCS(n)
	}
}
