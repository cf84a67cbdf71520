package wasm

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/wasm/preempt"
)

// TypeTrap is the type of the error of a module that has trapped.
const TypeTrap = "Runtime.Trap"

// call is one invocation.
type call struct {
	*program
	runtime.Call
	memory *memory
	body   result
	log    *output.Log
}

// Invoke runs one invocation.
func (p *program) Invoke(ctx context.Context, c runtime.Call) (runtime.Result, error) {
	memory, err := p.reserve()
	if err != nil {
		return runtime.Result{}, err
	}
	defer memory.release()
	k := &call{program: p, Call: c, memory: memory, log: output.NewLog(p.function.LogLimit)}
	begun := time.Now()
	limited, cancel := context.WithDeadline(ctx, begun.Add(c.Timeout))
	defer cancel()
	err = k.run(limited, cancel)
	res := runtime.Result{
		Duration:   time.Since(begun),
		PeakMemory: p.meter.With(nil, 0), // with the instance's memory, which never shrinks
		Log:        k.log.String(),
	}
	switch {
	case err == nil && !k.body.tooLarge:
		res.Body = k.body.bytes
	case k.body.tooLarge:
		res.Error = runtime.TooLarge()
	case ctx.Err() != nil:
		return res, ctx.Err()
	case limited.Err() != nil:
		res.Error = runtime.Timeout(c.Timeout)
	default:
		res.Error = k.blame(err, res.Log)
	}
	return res, nil
}

// run runs the invocation to its end.
func (k *call) run(ctx context.Context, cancel func()) error {
	return k.with(ctx, cancel, func(instance api.Module) error {
		if k.allocate != "" {
			return k.react(ctx, instance)
		}
		err := k.start(ctx, instance, preempt.Start, exportStart)
		if exit, ok := errors.AsType[*sys.ExitError](err); ok && exit.ExitCode() == 0 {
			return nil
		}
		return err
	})
}

// with instantiates the module for as long as use takes. When ctx is done, the module traps.
func (k *call) with(ctx context.Context, cancel func(), use func(api.Module) error) error {
	k.body.full = cancel
	config := k.config.WithStdin(strings.NewReader("")).WithStdout(k.log).WithStderr(k.log).
		WithNanosleep(func(ns int64) { sleep(ctx, time.Duration(ns)) })
	if k.allocate == "" {
		config = config.WithStdin(bytes.NewReader(k.Event)).WithStdout(&k.body)
	}
	deadline, _ := ctx.Deadline()
	config = withEnvironment(config, k.function.Environ(map[string]string{
		"REQUEST_ID":  k.RequestID,
		"DEADLINE_MS": strconv.FormatInt(deadline.UnixMilli(), 10),
	}))
	instance, err := k.instantiate(ctx, config)
	if err != nil {
		return err
	}
	defer instance.Close(ctx)
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		instance.ExportedGlobal(preempt.Stop).(api.MutableGlobal).Set(1)
	})
	defer func() {
		if !stop() {
			<-over // it is to find the instance still there
		}
	}()
	return use(instance)
}

// reserve is the memory of an instance, with what it begins with.
func (p *program) reserve() (*memory, error) {
	m, err := reserve(min(p.limit, p.most))
	if err != nil {
		return nil, err
	}
	image := p.image
	if p.snapshot != nil {
		image = p.snapshot.image
	}
	if err := m.begin(image); err != nil {
		m.release()
		return nil, err
	}
	return m, nil
}

func (k *call) instantiate(ctx context.Context, config wazero.ModuleConfig) (api.Module, error) {
	return k.engine.InstantiateModule(experimental.WithMemoryAllocator(ctx, k.memory), k.compiled, config)
}

// start calls those of the functions that are exported.
func (k *call) start(ctx context.Context, instance api.Module, names ...string) error {
	for _, name := range names {
		if f := instance.ExportedFunction(name); f != nil {
			if _, err := f.Call(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// blame says what the module has done wrong.
func (k *call) blame(err error, log string) *runtime.Error {
	tail := ""
	if last := output.LastLine(log); last != "" {
		tail = ": " + last
	}
	if k.memory.refused.Load() {
		return outOfMemory("module wanted more than the %d MiB that a container of %d MiB leaves it, and failed%s",
			len(k.memory.reserved)>>20, k.function.MemoryMiB(), tail)
	}
	if exit, ok := errors.AsType[*sys.ExitError](err); ok {
		return runtime.Errorf(runtime.TypeExit, "module exited with code %d%s", exit.ExitCode(), tail)
	}
	if fault, ok := errors.AsType[*runtime.Error](err); ok {
		return fault
	}
	what, stack, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	fault := runtime.Errorf(TypeTrap, "module trapped: %s%s", strings.TrimPrefix(what, "wasm error: "), tail)
	fault.StackTrace = stack
	return fault
}

// sleep returns early when ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
