package linux

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/jail"
	"github.com/minifaas/minifaas/internal/seccompfilter"
	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// zygoteShare is the part of the memory of what is in reserve that zygotes may take.
const zygoteShare = 0.5

// openReserves starts the pool and the zygotes, and lets sandboxes share a root, if this host
// lets us enter a sandbox that is shut; else it says why there are none.
func (r *Runtime) openReserves() (err error) {
	if !r.namespaces || os.Geteuid() != 0 {
		return nil
	}
	r.root = &template{runtime: r}
	if err = r.tryReserve(); err != nil {
		r.log.Warn("no sandboxes in reserve: containers are made when they are asked for, each with a root of its own", zap.Error(err))
		r.root.close()
		r.root, r.networks = nil, nil
		return nil
	}
	if r.cfg.Ready < 0 {
		return nil
	}
	r.confinement = jail.Confine(r.filter)
	if r.zygoteFilter, err = seccompfilter.AssembleZygote(); err != nil {
		return err
	}
	budget := float64(r.cfg.Memory) * r.cfg.ReadyShare
	r.zygotes = newZygotes(r, int64(budget*zygoteShare))
	r.pool = newPool(r, r.cfg.Ready, int64(budget))
	return nil
}

// tryReserve makes a sandbox and mounts something in it afterwards.
func (r *Runtime) tryReserve() error {
	c, err := r.prepareSandbox("trial", kind{})
	if err != nil {
		return err
	}
	err = c.agent.attach(r.mounts(filepath.Join(r.state.code(), emptyCode), ""), "trial")
	network := c.agent.network()
	if removed := c.Kill(); err == nil {
		err = removed
	}
	var unknown error
	if r.networks, unknown = newNetworks(network); unknown != nil {
		r.log.Warn("each sandbox gets a network of its own, which takes longer", zap.Error(unknown))
	}
	return err
}

// prepareSandbox makes a sandbox that waits for a function of the kind.
func (r *Runtime) prepareSandbox(id string, k kind) (*container, error) {
	ctx, cancel := context.WithTimeout(context.Background(), trialTimeout)
	defer cancel()
	go func() {
		select {
		case <-r.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	program, err := findInterpreter(k.runtime, os.Getenv("PATH"))
	if err != nil {
		return nil, err
	}
	c, err := r.newContainer(id, k.limit(), k, k.zygote.home())
	if err != nil {
		return nil, err
	}
	c.account = r.zygotes.tenant(k.zygote) // nobody else knows c yet
	// What the function will have is mounted on folders that are empty now.
	if err := c.start(nil); err != nil {
		c.abandon()
		return nil, err
	}
	switch k.runtime {
	case "":
		if !k.full { // nobody takes it for Python
			err = c.expectWorker(ctx)
		}
	case function.Python3:
		c.beginFork(ctx, k.zygote)
		if !c.forked() {
			err = errNoWorker
		}
	default:
		_, err = c.client.Prepare(ctx, &wire.PrepareRequest{Runtime: k.runtime, Interpreter: program.path, MemoryInBytes: k.memory})
	}
	if err != nil {
		_ = c.Kill()
		return nil, fmt.Errorf("prepare sandbox: %w", err)
	}
	c.rehearse(ctx)
	return c, nil
}

// rehearse asks the agent for what it will be asked for first, which it refuses. What that
// takes is set up, and in memory, from then on.
func (c *container) rehearse(ctx context.Context) {
	_, _ = c.client.Load(ctx, &wire.LoadRequest{Runtime: "none"})
	_, _ = c.client.Invoke(ctx, &wire.InvokeRequest{RequestID: "none"})
}

// interpreterMounts are those of every interpreter that there is.
func interpreterMounts() (mounts []*wire.Mount) {
	for runtime := range interpreters {
		if program, err := findInterpreter(runtime, os.Getenv("PATH")); err == nil {
			mounts = append(mounts, program.mounts()...)
		}
	}
	return mounts
}

// specialise makes a sandbox from the pool the container that spec asks for, but for its function.
func (c *container) specialise(spec sandbox.Spec, folders []*wire.Mount, watch *stopwatch) error {
	if err := c.runtime.rename(c, spec); err != nil {
		return err
	}
	if err := c.agent.attach(folders, hostname(spec.ID)); err != nil {
		return fmt.Errorf("attach to sandbox: %w", err)
	}
	watch.lap(&watch.phases.Mount)
	was := c.loadLimits()
	c.setSize(spec.Memory)
	if c.group == nil {
		return nil
	}
	defer watch.lap(&watch.phases.Limit)
	limits := c.loadLimits()
	limits.Pids = 0 // as it was
	if limits.CPU == was.CPU {
		limits.CPU = 0
	}
	return c.group.Set(limits)
}
