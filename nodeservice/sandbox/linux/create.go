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
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	defer func() { <-r.creating }()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
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
	copied := lap()
	c, err := r.newContainer(spec, fault)
	if err != nil {
		return nil, err
	}
	grouped := lap()
	if err := c.start(r.mounts(code, program)); err != nil {
		c.abandon()
		return nil, err
	}
	started := lap()
	if err := c.load(ctx, r.loadRequest(spec, code, program)); err != nil {
		_ = c.Kill()
		return nil, err
	}
	loaded := lap()
	r.log.Debug("container created", zap.String("container", spec.ID), zap.Duration("code", copied),
		zap.Duration("cgroup", grouped), zap.Duration("start", started), zap.Duration("load", loaded))
	return c, nil
}

// newContainer takes an id, a user, a folder and a cgroup. abandon gives them back.
func (r *Runtime) newContainer(spec sandbox.Spec, fault error) (*container, error) {
	c := &container{
		runtime:  r,
		id:       spec.ID,
		memory:   max(spec.Memory, minMemory),
		cpu:      min(sandbox.Quota(spec.Memory), r.cfg.CPU),
		fault:    fault,
		requests: map[string]bool{},
		done:     make(chan struct{}),
		gone:     make(chan struct{}),
	}
	if err := r.reserve(c); err != nil {
		return nil, err
	}
	var err error
	if c.folder, err = r.makeFolder(c.id, c.uid); err == nil && r.host != nil {
		c.group, err = r.host.Create(filepath.Join(r.nodePath(), c.id), cgroup.Limits{
			Memory: c.memory,
			CPU:    min(max(c.cpu, loadCPU), r.cfg.CPU),
			Pids:   r.cfg.Processes,
		})
	}
	if err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
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

// forget undoes reserve and add; spent is the CPU time that it took.
func (r *Runtime) forget(c *container, spent time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.users, c.uid)
	delete(r.ids, c.id)
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

func (r *Runtime) mounts(code string, program interpreter) []*containerservicepb.Mount {
	mounts := []*containerservicepb.Mount{{Source: code, Target: codeFolder}}
	if program.prefix != "" {
		mounts = append(mounts, &containerservicepb.Mount{Source: program.prefix, Target: program.prefix})
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

func (r *Runtime) loadRequest(spec sandbox.Spec, code string, program interpreter) *containerservicepb.LoadRequest {
	if r.namespaces {
		code = codeFolder
	}
	return &containerservicepb.LoadRequest{
		Runtime:       spec.Function.Runtime,
		Handler:       spec.Function.Handler,
		CodeDir:       code,
		FunctionName:  spec.Function.Name.String(),
		MemoryInBytes: spec.Memory,
		Environment:   spec.Function.Environment,
		Interpreter:   program.path,
		TimeoutNanos:  r.cfg.LoadTimeout.Nanoseconds(),
	}
}
