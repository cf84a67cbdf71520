package linux

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

// loadCPU is the least CPU, in cores, while a container loads its function. Its own
// quota could be a hundredth of that, and its start take as many times longer.
const loadCPU = 1.0

// codeFolder is where a container sees its function's code.
const codeFolder = "/var/task"

// compiledFolder is where it sees its module's compiled form.
const compiledFolder = "/var/compiled"

// Create makes a container, by phases that the log shows at debug level. When it
// fails, or ctx ends, nothing of the container is left.
func (r *Runtime) Create(ctx context.Context, spec sandbox.Spec) (sandbox.Container, error) {
	c, err := r.create(ctx, spec)
	if errors.Is(err, errNoWorker) {
		c, err = r.create(ctx, spec) // without that zygote
	}
	if err != nil {
		return nil, fmt.Errorf("create container %s: %w", spec.ID, err)
	}
	return c, nil
}

func (r *Runtime) create(ctx context.Context, spec sandbox.Spec) (*container, error) {
	if !plainName.MatchString(spec.ID) {
		return nil, fmt.Errorf("id %q is not fit for a folder's name", spec.ID)
	}
	watch := newStopwatch()
	program, err := findInterpreter(spec.Function.Runtime, os.Getenv("PATH"))
	if err != nil {
		return nil, err
	}
	if err := r.canReachOut(spec.Function); err != nil {
		return nil, err
	}
	code, fault, err := r.code.get(ctx, spec.Function)
	if err != nil {
		return nil, err
	}
	compiled, err := r.modules.get(ctx, spec.Function, code)
	if err != nil {
		return nil, err
	}
	watch.lap(&watch.phases.Mount)
	turn, err := r.creations.begin(ctx)
	if err != nil {
		return nil, err
	}
	var placing time.Duration // of one that was made from scratch
	defer func() { turn.end(placing) }()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	watch.lap(&watch.phases.Wait)
	begun := time.Now()
	folders := r.mounts(code, compiled)
	z := r.zygotes.take(spec, program)
	if b, declared := breedOfFunction(spec, program); declared && z.home() == nil {
		watch.phases.NoSnapshot = r.zygotes.lacking(b)
	}
	if z.home() != nil { // what the function does to its own sandboxes holds up no other one's
		defer time.AfterFunc(longLoad, func() { turn.yield(0) }).Stop()
	}
	c, pooled := r.fromPool(ctx, spec, z, folders, watch)
	if !pooled {
		if c, err = r.fromScratch(spec, z.home(), folders); err != nil {
			return nil, err
		}
		c.beginFork(ctx, z)
		placing = time.Since(begun)
		watch.lap(&watch.phases.Take)
	}
	c.fault = fault
	if err := c.reachOut(ctx); err != nil {
		_ = c.Kill()
		return nil, err
	}
	request := r.loadRequest(spec, code, compiled, program)
	if request.Forked = c.forked(); !request.Forked && z.home() != nil {
		watch.phases.NoSnapshot = c.fork.refused.Error()
	}
	placed := placing
	defer time.AfterFunc(longLoad, func() { turn.yield(placed) }).Stop()
	err = c.load(ctx, request)
	if errors.Is(err, errNoWorker) {
		c.distrust(err)
	}
	if err != nil {
		_ = c.Kill()
		return nil, err
	}
	watch.lap(&watch.phases.Import)
	watch.phases.Pooled, watch.phases.Sandbox = pooled, kindOf(spec, z).String()
	c.phases = watch.phases
	r.log.Debug("container created", zap.String("container", spec.ID), zap.Inline(c.phases))
	return c, nil
}

// fromPool takes a sandbox that is ready, if there is one: best with a worker in it.
func (r *Runtime) fromPool(ctx context.Context, spec sandbox.Spec, z *zygote, folders []*wire.Mount, watch *stopwatch) (*container, bool) {
	c := r.pool.take(kindOf(spec, z))
	if c == nil && z != nil && z.container == nil {
		if c = r.pool.take(plainKind(spec)); c != nil {
			c.beginFork(ctx, z)
		}
	}
	if c == nil {
		return nil, false
	}
	watch.lap(&watch.phases.Take)
	if err := c.specialise(spec, folders, watch); err != nil {
		_ = c.Kill()
		r.log.Warn("a sandbox in reserve was of no use", zap.String("container", spec.ID), zap.Error(err))
		return nil, false
	}
	return c, true
}

// fromScratch makes a sandbox for the function, in that house if there is one.
func (r *Runtime) fromScratch(spec sandbox.Spec, h *house, folders []*wire.Mount) (*container, error) {
	c, err := r.newContainer(spec.ID, spec.Memory, plainKind(spec), h)
	if err != nil {
		return nil, err
	}
	c.account = spec.Function.Name.Account // nobody else knows c yet
	if err := c.start(folders); err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
}

// newContainer takes an id, a user, a folder and a cgroup. abandon gives them back.
func (r *Runtime) newContainer(id string, memory int64, k kind, h *house) (*container, error) {
	c := &container{
		runtime:  r,
		house:    h,
		id:       id,
		kind:     k,
		requests: map[string]bool{},
		done:     make(chan struct{}),
		gone:     make(chan struct{}),
	}
	c.setSize(memory)
	if err := r.reserve(c); err != nil {
		return nil, err
	}
	var err error
	if c.folder, err = r.makeFolder(c.id, c.uid); err == nil && r.host != nil {
		c.group, err = r.host.Create(filepath.Join(r.nodePath(), c.id), c.loadLimits())
	}
	if err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
}

// setSize says what the container may use.
func (c *container) setSize(memory int64) {
	size := c.size(memory)
	c.memory.Store(size.Memory)
	c.cpu = size.CPU
}

// size is what a container of that much memory may use, which is the least at least,
// whatever a scheduler asks for; the CPU quota follows what it asked for.
func (c *container) size(memory int64) cgroup.Limits {
	return cgroup.Limits{Memory: max(memory, function.LeastMemory), CPU: min(sandbox.Quota(memory), c.runtime.cfg.CPU)}
}

// loadLimits are those until the function is loaded.
func (c *container) loadLimits() cgroup.Limits {
	return cgroup.Limits{Memory: c.memory.Load(), CPU: min(max(c.cpu, loadCPU), c.runtime.cfg.CPU), Pids: c.runtime.cfg.Processes}
}

// mounts are the function's folders; compiled may be empty.
func (r *Runtime) mounts(code, compiled string) []*wire.Mount {
	mounts := []*wire.Mount{{Source: code, Target: codeFolder}}
	if compiled != "" {
		mounts = append(mounts, &wire.Mount{Source: compiled, Target: compiledFolder})
	}
	return mounts
}

func (r *Runtime) sandboxSpec(id, folder string, mounts []*wire.Mount, egress bool) *wire.SandboxSpec {
	return &wire.SandboxSpec{
		Isolation: r.isolation(),
		Root:      cmp.Or(folder, r.state.containers()),
		Mounts:    mounts,
		TmpBytes:  r.cfg.TmpBytes,
		Hostname:  hostname(id),
		Filter:    r.filter,
		Egress:    egress && r.namespaces,
	}
}

func (r *Runtime) loadRequest(spec sandbox.Spec, code, compiled string, program interpreter) *wire.LoadRequest {
	if r.namespaces {
		code = codeFolder
		if compiled != "" {
			compiled = compiledFolder
		}
	}
	return &wire.LoadRequest{
		Runtime:       spec.Function.Runtime,
		Handler:       spec.Function.Handler,
		CodeDir:       code,
		FunctionName:  spec.Function.Name.String(),
		MemoryInBytes: spec.Memory,
		Environment:   spec.Function.Environment,
		Interpreter:   program.path,
		CompiledDir:   compiled,
		Preload:       spec.Function.Preload,
		Snapshot:      spec.Function.Snapshot,
		TimeoutNanos:  r.cfg.LoadTimeout.Nanoseconds(),
	}
}
