package density

import (
	"context"
	"fmt"
	"time"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

func (m *measurement) create(ctx context.Context, i int) error {
	reply, err := m.Node.CreateContainer(ctx, &nodeservicepb.CreateContainerRequest{
		Name: fmt.Sprintf("density-%d", i), FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: m.Function},
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.containers = append(m.containers, reply.GetContainerId())
	m.result.Containers = len(m.containers)
	return nil
}

func (m *measurement) invoke(ctx context.Context, id string) (*nodeservicepb.InvokeFunctionReply, error) {
	return m.Node.InvokeFunctionUnary(ctx, &nodeservicepb.InvokeFunctionRequest{
		RequestId: "density-" + id, ContainerId: id, Event: []byte(`{"name":"density"}`),
	})
}

// call counts the answer, or keeps why there is none.
func (m *measurement) call(ctx context.Context, id string) {
	reply, err := m.invoke(ctx, id)
	failure := string(reply.GetHeader().GetError())
	if err != nil {
		failure = err.Error()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case failure == "":
		m.result.Answered++
	case m.result.Failure == "":
		m.result.Failure = failure
	}
}

const (
	// patience is how much longer than it should a container may take to be frozen.
	patience = 30 * time.Second
	look     = 250 * time.Millisecond
)

// rest waits until all containers are frozen, or should have been for long.
func (m *measurement) rest(ctx context.Context) error {
	if m.Rest == 0 {
		return nil
	}
	for deadline := time.Now().Add(m.Rest + patience); ; {
		stats, err := m.Node.GetStats(ctx, &nodeservicepb.GetStatsRequest{})
		if err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		frozen := 0
		for _, c := range stats.GetContainerStatsList() {
			if c.GetState() == "frozen" {
				frozen++
			}
		}
		m.result.Frozen, m.result.Charged = frozen, stats.GetNodeStats().GetMemoryUsageInBytes()
		m.Progress("frozen", frozen)
		if frozen == len(m.containers) || time.Now().After(deadline) {
			return nil
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}

// remove removes all containers that there are.
func (m *measurement) remove(ctx context.Context) error {
	ids := m.containers
	m.containers = nil
	return m.forEach(ctx, "removed", len(ids), func(ctx context.Context, i int) error {
		_, err := m.Node.RemoveContainer(ctx, &nodeservicepb.RemoveContainerRequest{ContainerId: ids[i]})
		return err
	})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
