package resourcemanager

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
	"github.com/minifaas/minifaas/resourcemanager/provider"
)

var errSurplus = errors.New("more nodes than configured")

// A life is one node from its start, or adoption, to its death. One goroutine
// minds it and is the only one to report it ready or lost.
type life struct {
	name string

	// Set by connect, under Server.mu; then constant.
	node   provider.Node
	conn   *grpc.ClientConn
	api    nodeservicepb.NodeServiceClient
	health healthpb.HealthClient

	over bool // reported lost; guarded by Server.mu

	once      sync.Once
	condemned chan struct{} // closed when the node must go, for the reason
	reason    error
	settled   chan struct{} // closed when it has come up, or has failed to
	gone      chan struct{} // closed when nothing is left of it
}

func newLife(name string) *life {
	return &life{name: name, condemned: make(chan struct{}), settled: make(chan struct{}), gone: make(chan struct{})}
}

// condemn ends the life: whoever minds it will see to it.
func (l *life) condemn(reason error) {
	l.once.Do(func() {
		l.reason = reason
		close(l.condemned)
	})
}

func (l *life) stop(ctx context.Context) error {
	if l.node == nil {
		return nil
	}
	err := l.node.Stop(ctx)
	if l.conn != nil {
		_ = l.conn.Close()
	}
	return err
}

// begin begins a new life of the node. Server.mu is held.
func (s *Server) begin(name string) {
	last := s.current[name]
	l := newLife(name)
	s.current[name] = l
	if s.ctx != nil { // else Run will see to it
		s.mind(l, last)
	}
}

// mind starts the goroutine that minds a life, after the one before is gone.
// Server.mu is held.
func (s *Server) mind(l, last *life) {
	ctx := s.ctx
	s.lives.Go(func() {
		defer close(l.gone)
		if last != nil {
			select {
			case <-last.gone:
			case <-ctx.Done():
				return
			}
		}
		s.live(ctx, l)
	})
}

// connect ties a node to its life.
func (s *Server) connect(l *life, n provider.Node) error {
	conn, err := s.cfg.Dial(rpc.HostPort(n.Address(), int64(n.Port())))
	s.mu.Lock()
	defer s.mu.Unlock()
	l.node = n
	if err != nil {
		return err
	}
	l.conn, l.api, l.health = conn, nodeservicepb.NewNodeServiceClient(conn), healthpb.NewHealthClient(conn)
	return nil
}

// live sees a node through its life. When ctx ends it leaves the node as it is.
func (s *Server) live(ctx context.Context, l *life) {
	log := s.log.With(zap.String("node", l.name))
	err := s.bringUp(ctx, l)
	close(l.settled)
	if err == nil {
		err = s.watch(ctx, l)
	}
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, errSurplus) {
		log.Info("node stopped", zap.Error(err))
	} else {
		log.Warn("node lost", zap.Error(err))
	}
	if l.node != nil {
		l.node.Kill()
		// A process in an uninterruptible sleep must not keep the loss a secret.
		select {
		case <-l.node.Done():
		case <-time.After(time.Second):
		}
	}
	s.mu.Lock()
	l.over = true
	decisions := s.decideLocked(ledger.Event{Kind: ledger.Lost, Node: l.name})
	s.mu.Unlock()
	s.writeDown(decisions)
	s.save(l.name)
	if l.conn != nil {
		_ = l.conn.Close()
	}
	if l.node != nil {
		select {
		case <-l.node.Done():
		case <-ctx.Done():
		}
	}
}
