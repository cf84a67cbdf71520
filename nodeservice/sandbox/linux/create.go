package linux

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// minMemory is the smallest memory limit that is applied, whatever is asked: what
// the agent itself takes, with room to fail in an orderly way.
const minMemory = 24 << 20

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
	if err != nil {
		return nil, fmt.Errorf("create container %s: %w", spec.ID, err)
	}
	return c, nil
}

func (r *Runtime) create(ctx context.Context, spec sandbox.Spec) (*container, error) {
	if !plainName.MatchString(spec.ID) {
		return nil, fmt.Errorf("id %q is not fit for a folder's name", spec.ID)
	}
	clock := time.Now()
	lap := func() time.Duration { d := time.Since(clock); clock = time.Now(); return d }
	program, err := findInterpreter(spec.Function.Runtime, os.Getenv("PATH"))
	if err != nil {
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
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	defer func() { <-r.creating }()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found := lap()
	folders := r.mounts(code, compiled)
	c, pooled := r.fromPool(spec, folders)
	if !pooled {
		if c, err = r.fromScratch(spec, append(folders, program.mounts()...)); err != nil {
			return nil, err
		}
	}
	c.fault = fault
	placed := lap()
	if err := c.load(ctx, r.loadRequest(spec, code, compiled, program)); err != nil {
		_ = c.Kill()
		return nil, err
	}
	loaded := lap()
	r.log.Debug("container created", zap.String("container", spec.ID), zap.Bool("pooled", pooled), zap.Duration("code", found),
		zap.Duration("sandbox", placed), zap.Duration("load", loaded))
	return c, nil
}

// fromPool takes a sandbox that is ready, if there is one.
func (r *Runtime) fromPool(spec sandbox.Spec, folders []*containerservicepb.Mount) (*container, bool) {
	c := r.pool.take(kindOf(spec))
	if c == nil {
		return nil, false
	}
	if err := c.specialise(spec, folders); err != nil {
		_ = c.Kill()
		r.log.Warn("a sandbox in reserve was of no use", zap.String("container", spec.ID), zap.Error(err))
		return nil, false
	}
	return c, true
}

// fromScratch makes a sandbox for the function.
func (r *Runtime) fromScratch(spec sandbox.Spec, mounts []*containerservicepb.Mount) (*container, error) {
	c, err := r.newContainer(spec.ID, spec.Memory)
	if err != nil {
		return nil, err
	}
	if err := c.start(mounts); err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
}

// newContainer takes an id, a user, a folder and a cgroup. abandon gives them back.
func (r *Runtime) newContainer(id string, memory int64) (*container, error) {
	c := &container{
		runtime:  r,
		id:       id,
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

// setSize says what the container may use; the CPU quota follows the memory.
func (c *container) setSize(memory int64) {
	c.memory.Store(max(memory, minMemory))
	c.cpu = min(sandbox.Quota(memory), c.runtime.cfg.CPU)
}

// loadLimits are those until the function is loaded.
func (c *container) loadLimits() cgroup.Limits {
	return cgroup.Limits{Memory: c.memory.Load(), CPU: min(max(c.cpu, loadCPU), c.runtime.cfg.CPU), Pids: c.runtime.cfg.Processes}
}

// reserve takes c's id, and a user id of its own: the lowest that is free.
func (r *Runtime) reserve(c *container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if r.ids[c.id] {
		return fmt.Errorf("id %q is in use", c.id)
	}
	c.uid = r.cfg.UIDBase
	for r.users[c.uid] {
		c.uid++
	}
	r.users[c.uid] = true
	r.ids[c.id] = true
	return nil
}

// add makes a container known whose agent has started.
func (r *Runtime) add(c *container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.containers[c] = true
	if r.closed {
		return ErrClosed
	}
	return nil
}

// rename gives a container from the pool the id that was asked for. It keeps the
// one under which it was made, as its cgroup and its folder are named by that.
func (r *Runtime) rename(c *container, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids[id] {
		return fmt.Errorf("id %q is in use", id)
	}
	if !r.containers[c] {
		return fmt.Errorf("%w while it waited", sandbox.ErrLost)
	}
	r.ids[id] = true
	c.name = id
	return nil
}

// forget undoes reserve, rename and add; spent is the CPU time that it took.
func (r *Runtime) forget(c *container, spent time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.users, c.uid)
	delete(r.ids, c.id)
	delete(r.ids, c.name)
	delete(r.containers, c)
	r.spent += spent
}

// makeFolder makes the folder on which the sandbox mounts its root, or which,
// without namespaces, is all that it can write to.
func (r *Runtime) makeFolder(id string, uid int) (string, error) {
	folder := r.state.container(id)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("make container's folder: %w", err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, uid, uid); err != nil {
			return "", fmt.Errorf("make container's folder: %w", err)
		}
	}
	return folder, nil
}

// mounts are the function's folders; compiled may be empty.
func (r *Runtime) mounts(code, compiled string) []*containerservicepb.Mount {
	mounts := []*containerservicepb.Mount{{Source: code, Target: codeFolder}}
	if compiled != "" {
		mounts = append(mounts, &containerservicepb.Mount{Source: compiled, Target: compiledFolder})
	}
	return mounts
}

func (r *Runtime) sandboxSpec(id, folder string, mounts []*containerservicepb.Mount) *containerservicepb.SandboxSpec {
	return &containerservicepb.SandboxSpec{
		Isolation: r.isolation(),
		Root:      folder,
		Mounts:    mounts,
		TmpBytes:  r.cfg.TmpBytes,
		Hostname:  hostname(id),
	}
}

// hostname is the container's id, as far as the kernel takes it.
func hostname(id string) string { return id[:min(len(id), 64)] }

func (r *Runtime) loadRequest(spec sandbox.Spec, code, compiled string, program interpreter) *containerservicepb.LoadRequest {
	if r.namespaces {
		code = codeFolder
		if compiled != "" {
			compiled = compiledFolder
		}
	}
	return &containerservicepb.LoadRequest{
		Runtime:       spec.Function.Runtime,
		Handler:       spec.Function.Handler,
		CodeDir:       code,
		FunctionName:  spec.Function.Name.String(),
		MemoryInBytes: spec.Memory,
		Environment:   spec.Function.Environment,
		Interpreter:   program.path,
		CompiledDir:   compiled,
		TimeoutNanos:  r.cfg.LoadTimeout.Nanoseconds(),
	}
}
