package linux

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/spawn"
	"github.com/minifaas/minifaas/internal/wire"
)

// errNoWorker: a worker was put into the sandbox, and ended before it was asked for anything.
var errNoWorker = errors.New("forked worker ended")

// fork is how a container gets its worker from a zygote.
type fork struct {
	zygote  *zygote       // nil: the agent starts the worker
	asked   chan struct{} // closed when the zygote is asked, or could not be, because of refused
	refused error
	// The agent's descriptors that are to be the worker's; set once expected.
	expected       bool
	socket, output int
}

// expectWorker lets the agent make the worker's ends.
func (c *container) expectWorker(ctx context.Context) error {
	reply, err := c.client.Prepare(ctx, &wire.PrepareRequest{Runtime: function.Python3, Forked: true})
	if err != nil {
		return fmt.Errorf("prepare for a worker: %w", err)
	}
	c.fork.expected, c.fork.socket, c.fork.output = true, int(reply.WorkerSocket), int(reply.WorkerOutput)
	return nil
}

// beginFork asks the zygote, if there is one, to put a worker into the sandbox, while
// that becomes the container.
func (c *container) beginFork(ctx context.Context, z *zygote) {
	if z == nil {
		return
	}
	c.fork.zygote, c.fork.asked = z, make(chan struct{})
	go func() {
		defer close(c.fork.asked)
		if c.fork.refused = c.forkWorker(ctx); c.fork.refused != nil {
			c.runtime.log.Warn("no worker from a zygote", zap.String("container", c.called()), zap.Error(c.fork.refused))
		}
	}()
}

// forked reports whether a worker is there or on its way; if not the agent starts one.
// One that does not get there is missed when it is to load the function.
func (c *container) forked() bool {
	if c.fork.zygote == nil {
		return false
	}
	<-c.fork.asked
	return c.fork.refused == nil
}

// dying: it was killed, which takes a worker along that was on its way.
func (c *container) dying() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end != nil
}

// distrust ends a zygote that is of no use.
func (c *container) distrust(why error) {
	c.runtime.log.Warn("a zygote was of no use", zap.String("container", c.called()), zap.Error(why))
	c.runtime.zygotes.distrust(c.fork.zygote, why)
}

func (c *container) forkWorker(ctx context.Context) error {
	if !c.fork.expected {
		if err := c.expectWorker(ctx); err != nil {
			return err
		}
	}
	request, err := c.fork.take(c.agent.process)
	defer func() { closeAll(request) }()
	if err != nil {
		return fmt.Errorf("take the worker's ends: %w", err)
	}
	if c.group != nil {
		doors, err := c.fork.zygote.doors(c.group)
		if err != nil {
			return err
		}
		request = append(request, doors...)
	}
	c.fork.zygote.fork(request, func(err error) {
		if err != nil && !c.dying() {
			c.distrust(err)
		}
	})
	return nil
}

// take copies what a zygote needs of an agent: the worker's ends, and the way into its
// sandbox. The agent runs nothing of a function yet, so they are what it said.
func (f *fork) take(agent *spawn.Process) (files []*os.File, err error) {
	var taken error
	err = agent.WithHandle(func(pidfd uintptr) {
		for _, descriptor := range []int{f.socket, f.output} {
			file, err := unix.PidfdGetfd(int(pidfd), descriptor, 0)
			if err != nil {
				taken = os.NewSyscallError("pidfd_getfd", err)
				return
			}
			files = append(files, os.NewFile(uintptr(file), "end"))
		}
	})
	if err = errors.Join(err, taken); err != nil {
		return files, err
	}
	way, err := f.zygote.way(agent)
	return append(files, way...), err
}
