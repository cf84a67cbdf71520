package cold

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// node is one on which containers are made and removed. It is safe for concurrent
// use, but for settle.
type node struct {
	nodeservicepb.NodeServiceClient
	epoch   int64 // of the scheduler whose node it is; 0: none has it
	reserve int   // sandboxes that waited when it had last settled
}

// start is one cold start.
type start struct {
	container string // empty if none was made
	took      time.Duration
	decide    time.Duration // 0 where no scheduler was asked
	firstCall time.Duration
	phases    *nodeservicepb.CreationPhases
	answer    []byte
}

// event is what functions are called with.
var event = []byte(`{"name":"cold"}`)

// start makes a container and calls its function once. The container must be removed
// also after an error.
func (n *node) start(ctx context.Context, function string) (s start, err error) {
	begun := time.Now()
	created, err := n.CreateContainer(ctx, &nodeservicepb.CreateContainerRequest{
		FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: function, MemoryInBytes: Memory},
	})
	if err != nil {
		return s, fmt.Errorf("create container: %w", err)
	}
	s.container, s.phases = created.GetContainerId(), created.GetPhases()
	calling := time.Now()
	reply, err := n.InvokeFunctionUnary(ctx, &nodeservicepb.InvokeFunctionRequest{ContainerId: s.container, Event: event})
	s.firstCall, s.took = time.Since(calling), time.Since(begun)
	if err != nil {
		return s, fmt.Errorf("first call: %w", err)
	}
	if message := reply.GetHeader().GetError(); len(message) > 0 {
		return s, fmt.Errorf("first call: the function failed: %s", message)
	}
	s.answer = reply.GetBody()
	return s, nil
}

// removal bounds how long a container may take to go, also when the measurement ends.
const removal = 10 * time.Second

// remove ends the container of a start, if it has one.
func (n *node) remove(ctx context.Context, s start) error {
	if s.container == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	_, err := n.RemoveContainer(ctx, &nodeservicepb.RemoveContainerRequest{ContainerId: s.container, Epoch: n.epoch})
	if err != nil && status.Code(err) != codes.NotFound {
		return fmt.Errorf("remove container: %w", err)
	}
	return nil
}

// How the reserve is watched.
const (
	lookEvery = 2 * time.Millisecond
	// still is how long nothing is added to a reserve that is as full as it gets: longer
	// than it takes to prepare a sandbox.
	still = 300 * time.Millisecond
	// patience is how long a kind of which none waits is waited for: a node puts
	// its filling off while its machine is busy, but not for as long.
	patience = 3 * time.Second
)

// settle waits until sandboxes of every kind are in the node's reserve, as many as
// when it was last waited for, or as many as there come. What is measured then has
// the machine to itself.
func (n *node) settle(ctx context.Context) error {
	begun := time.Now()
	last, since := -1, begun
	for {
		stats, err := n.GetStats(ctx, &nodeservicepb.GetStatsRequest{})
		if err != nil {
			return fmt.Errorf("read the node's reserve: %w", err)
		}
		ready, lacking := 0, false
		for _, count := range stats.GetReadySandboxes() {
			ready += int(count)
			lacking = lacking || count == 0
		}
		if ready != last {
			last, since = ready, time.Now()
		}
		full := !lacking && (ready == n.reserve || time.Since(since) >= still)
		if full || time.Since(begun) >= patience {
			n.reserve = ready
			return nil
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
