package resourcemanager

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

// bringUp starts the node, unless it was adopted, and reports it ready once it
// serves and is empty. A reserved node that was adopted is left in peace.
func (s *Server) bringUp(ctx context.Context, l *life) error {
	begun := time.Now()
	if l.node == nil {
		n, err := s.cfg.Provider.Start(l.name)
		if err != nil {
			return fmt.Errorf("start node: %w", err)
		}
		err = s.connect(l, n)
		s.save(l.name)
		if err != nil {
			return fmt.Errorf("connect to node: %w", err)
		}
	} else {
		s.mu.Lock()
		_, reserved := s.ledger.Reservation(l.name)
		s.mu.Unlock()
		if reserved {
			return nil
		}
	}
	offer, err := s.awaitServing(ctx, l)
	if err != nil {
		return err
	}
	s.log.Info("node up", zap.String("node", l.name), zap.Int("port", offer.Port), zap.Duration("after", time.Since(begun)))
	s.decide(ledger.Event{Kind: ledger.Ready, Node: l.name, Offer: offer})
	return nil
}

// awaitServing waits for a node to serve, empties it of what an earlier owner
// may have left, and asks for its size.
func (s *Server) awaitServing(ctx context.Context, l *life) (ledger.Offer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.StartTimeout, fmt.Errorf("not up within %v", s.cfg.StartTimeout))
	defer cancel()
	type answer struct {
		offer ledger.Offer
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		offer, err := s.ask(ctx, l)
		answers <- answer{offer, err}
	}()
	select {
	case a := <-answers:
		if cause := context.Cause(ctx); a.err != nil && cause != nil {
			return ledger.Offer{}, fmt.Errorf("%w: %w", cause, a.err)
		}
		return a.offer, a.err
	case <-l.node.Done():
		return ledger.Offer{}, fmt.Errorf("node died: %w", l.node.Err())
	case <-l.condemned:
		return ledger.Offer{}, l.reason
	}
}

func (s *Server) ask(ctx context.Context, l *life) (ledger.Offer, error) {
	if _, err := l.health.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		return ledger.Offer{}, fmt.Errorf("check health: %w", err)
	}
	if _, err := l.api.Release(ctx, &nodeservicepb.ReleaseRequest{}); err != nil {
		return ledger.Offer{}, fmt.Errorf("empty node: %w", err)
	}
	stats, err := l.api.GetStats(ctx, &nodeservicepb.GetStatsRequest{})
	if err != nil {
		return ledger.Offer{}, fmt.Errorf("get stats: %w", err)
	}
	memory := stats.GetNodeStats().GetTotalMemoryInBytes()
	if memory <= 0 {
		memory = s.cfg.NodeMemory
	}
	return ledger.Offer{
		Address: l.node.Address(),
		Port:    l.node.Port(),
		Memory:  offered(memory),
		CPU:     s.cfg.NodeCPU,
	}, nil
}

// offered is the share of a node's memory that tenants get; the rest is for
// the system.
func offered(memory int64) int64 { return memory / 4 * 3 }
