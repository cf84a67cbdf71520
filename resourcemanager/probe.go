package resourcemanager

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// probes is how many in a row a node must leave unanswered to be lost. With one
// alone, a ResourceManager that was itself held up would blame the node.
const probes = 3

// watch returns why the node must be given up: it died, or hangs, or was condemned.
func (s *Server) watch(ctx context.Context, l *life) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hung := make(chan error, 1)
	go func() { hung <- s.probe(ctx, l) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.node.Done():
		return fmt.Errorf("node died: %w", l.node.Err())
	case <-l.condemned:
		return l.reason
	case err := <-hung:
		return err
	}
}

// probe asks for the node's health until it has not answered for long enough.
func (s *Server) probe(ctx context.Context, l *life) error {
	interval := s.cfg.LostAfter / probes
	tick := time.NewTicker(interval)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := checkHealth(ctx, l.health, interval)
		if err == nil {
			missed = 0
			continue
		}
		if missed++; missed == probes {
			return fmt.Errorf("node hangs: %w", err)
		}
	}
}

func checkHealth(ctx context.Context, health healthpb.HealthClient, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	reply, err := health.Check(ctx, &healthpb.HealthCheckRequest{})
	switch {
	case status.Code(err) == codes.Unimplemented: // it does answer
		return nil
	case err != nil:
		return fmt.Errorf("check health: %w", err)
	case reply.Status != healthpb.HealthCheckResponse_SERVING:
		return fmt.Errorf("check health: %v", reply.Status)
	}
	return nil
}
