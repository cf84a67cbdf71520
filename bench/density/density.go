// Package density measures what idle containers cost a machine: it fills a node
// with containers of one function, lets them rest, and looks by how much the
// machine's available memory has fallen. Nothing is left out of that: the node
// itself, what waits in its pool, and what the kernel keeps for all of them are in it.
package density

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// Node is what is asked of a node.
type Node interface {
	CreateContainer(context.Context, *nodeservicepb.CreateContainerRequest) (*nodeservicepb.CreateContainerReply, error)
	RemoveContainer(context.Context, *nodeservicepb.RemoveContainerRequest) (*nodeservicepb.RemoveContainerReply, error)
	InvokeFunctionUnary(context.Context, *nodeservicepb.InvokeFunctionRequest) (*nodeservicepb.InvokeFunctionReply, error)
	GetStats(context.Context, *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error)
}

// Config says what to measure.
type Config struct {
	Node     Node
	Function string // by name
	// Containers is how many; AtOnce, default 4, how many are created or called at once.
	Containers, AtOnce int
	// Rest is how long a container is idle before the node freezes it; 0: it never does.
	Rest time.Duration
	// Progress is told how many containers a phase is done with; nil is fine.
	Progress func(phase string, done int)
}

// Result is what was measured.
type Result struct {
	// Containers were made, of which so many were Frozen when the memory was read,
	// and so many Answered a call after that.
	Containers, Frozen, Answered int
	// Fall is what the machine had before and did not have any more; nil if it was
	// interrupted before that was known.
	Fall *Memory
	// Charged is what the containers' cgroups counted, all together, in bytes.
	Charged int64
	// Creation and Calls are how long it took to create, and to call, all of them.
	Creation, Calls time.Duration
	// Failure is the first call's that was not answered; empty if there is none.
	Failure string
	// Partial: interrupted; Containers is how many there were.
	Partial bool
}

// Measure fills the node, which must be empty, and empties it again, also when it
// is interrupted. An error means that there is no result.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 4
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, int) {}
	}
	m := &measurement{Config: cfg, result: &Result{}}
	err := m.run(ctx)
	if ctx.Err() != nil {
		m.result.Partial, err = true, nil
	}
	// What is there must go, whoever lost patience.
	if removal := m.remove(context.WithoutCancel(ctx)); removal != nil {
		err = errors.Join(err, fmt.Errorf("remove containers: %w", removal))
	}
	if err != nil {
		return nil, fmt.Errorf("density: %w", err)
	}
	return m.result, nil
}

type measurement struct {
	Config
	result *Result

	mu         sync.Mutex // guards the fields below, and result's counts
	containers []string   // ids
	done       int        // containers of the phase under way
}

func (m *measurement) run(ctx context.Context) error {
	if err := m.warmUp(ctx); err != nil {
		return fmt.Errorf("first container: %w", err)
	}
	before, err := settled(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := m.forEach(ctx, "created", m.Containers, m.create); err != nil {
		return fmt.Errorf("create containers: %w", err)
	}
	m.result.Creation = time.Since(begun)
	if err := m.rest(ctx); err != nil {
		return err
	}
	after, err := settled(ctx)
	if err != nil {
		return err
	}
	fall := before.minus(after)
	m.result.Fall = &fall
	begun = time.Now()
	err = m.forEach(ctx, "called", len(m.containers), func(ctx context.Context, i int) error {
		m.call(ctx, m.containers[i])
		return ctx.Err()
	})
	m.result.Calls = time.Since(begun)
	return err
}

// warmUp has files read and code copied that would be read and copied once however
// many containers there are.
func (m *measurement) warmUp(ctx context.Context) error {
	if err := m.create(ctx, 0); err != nil {
		return err
	}
	reply, err := m.invoke(ctx, m.containers[0])
	if err != nil {
		return err
	}
	if fault := reply.GetHeader().GetError(); len(fault) > 0 {
		return fmt.Errorf("the function fails: %s", fault)
	}
	return m.remove(ctx)
}

// forEach does something for each of n, several at once, and stops at the first error.
func (m *measurement) forEach(ctx context.Context, phase string, n int, do func(context.Context, int) error) error {
	m.done = 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(m.AtOnce)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := do(ctx, i); err != nil {
				return err
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			m.done++
			m.Progress(phase, m.done)
			return nil
		})
	}
	return group.Wait()
}
