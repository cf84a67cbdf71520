package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

var errExhausted = status.Error(codes.ResourceExhausted, "no available node can be reserved")

// ReserveNode implements the rpc.
func (s *Server) ReserveNode(ctx context.Context, req *resourcemanagerpb.ReserveNodeRequest) (*resourcemanagerpb.ReserveNodeReply, error) {
	for {
		l, claim := s.claim()
		if l == nil {
			return nil, errExhausted
		}
		if err := s.hand(ctx, l, req); err != nil {
			// Nobody gets a claimed node, so it can be given up in peace.
			l.condemn(err)
			continue
		}
		if ctx.Err() != nil {
			s.decide(ledger.Event{Kind: ledger.Unclaimed, Node: l.name, Claim: claim})
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		for _, d := range s.decide(ledger.Event{Kind: ledger.Claimed, Node: l.name, Claim: claim}) {
			if d.Kind == ledger.Reserved {
				s.save(l.name) // before the answer: what was answered is remembered
				s.log.Info("node reserved", zap.String("reservation", s.id(d.Reservation)), zap.String("account", req.AccountId))
				return &resourcemanagerpb.ReserveNodeReply{Node: s.desc(d.Reservation)}, nil
			}
		}
		// It was lost meanwhile: try the next.
	}
}

// claim takes an available node out of the pool; nil when there is none.
func (s *Server) claim() (*life, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.decideLocked(ledger.Event{Kind: ledger.Reserve}) {
		if d.Kind == ledger.Claim {
			return s.current[d.Node], d.Claim
		}
	}
	s.refused++
	return nil, 0
}

// hand tells the node its owner. A caller that leaves is no fault of the
// node, so its context does not count here.
func (s *Server) hand(ctx context.Context, l *life, req *resourcemanagerpb.ReserveNodeRequest) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ReserveTimeout)
	defer cancel()
	_, err := l.api.Reserve(ctx, &nodeservicepb.ReserveRequest{RequestId: req.RequestId, OwnerAccountId: req.AccountId})
	if err != nil {
		return fmt.Errorf("reserve node: %w", err)
	}
	return nil
}

// ReleaseNode implements the rpc. It answers when all containers have ended
// and the node time has stopped. A caller that leaves does not change that.
func (s *Server) ReleaseNode(ctx context.Context, req *resourcemanagerpb.ReleaseNodeRequest) (*resourcemanagerpb.ReleaseNodeReply, error) {
	// Two who release the same node wait for the same end.
	_, err, _ := s.releases.Do(req.Id, func() (any, error) {
		return nil, s.release(context.WithoutCancel(ctx), req)
	})
	if err != nil {
		return nil, err
	}
	return &resourcemanagerpb.ReleaseNodeReply{}, nil
}

func (s *Server) release(ctx context.Context, req *resourcemanagerpb.ReleaseNodeRequest) error {
	id, ok := strings.CutPrefix(req.Id, s.cfg.IDPrefix)
	if !ok {
		id = "" // which is nobody's
	}
	s.mu.Lock()
	decisions := s.decideLocked(ledger.Event{Kind: ledger.Release, ID: id})
	var l *life
	unknown := false
	for _, d := range decisions {
		switch d.Kind {
		case ledger.Unknown:
			unknown = true
		case ledger.Reset:
			l = s.current[d.Node]
		}
	}
	s.mu.Unlock()
	switch {
	case unknown:
		return status.Errorf(codes.NotFound, "no reservation %q", req.Id)
	case l == nil: // over already
		return nil
	}
	reset := s.reset(ctx, l, req.RequestId)
	s.decide(ledger.Event{Kind: ledger.Released, ID: id, Broken: reset != nil})
	if reset != nil {
		// The node dies with its containers, which is what the caller wants.
		l.condemn(reset)
	}
	s.save(l.name)
	s.log.Info("node released", zap.String("reservation", req.Id), zap.Error(reset))
	return nil
}

func (s *Server) reset(ctx context.Context, l *life, request string) error {
	if l.api == nil {
		return errors.New("release node: no connection")
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReleaseTimeout)
	defer cancel()
	if _, err := l.api.Release(ctx, &nodeservicepb.ReleaseRequest{RequestId: request}); err != nil {
		return fmt.Errorf("release node: %w", err)
	}
	return nil
}

// GetNodesUsage implements the rpc.
func (s *Server) GetNodesUsage(context.Context, *resourcemanagerpb.GetNodesUsageRequest) (*resourcemanagerpb.GetNodesUsageReply, error) {
	s.mu.Lock()
	usage, refused := s.ledger.Usage(), s.refused
	s.mu.Unlock()
	reply := &resourcemanagerpb.GetNodesUsageReply{Nodes: make([]*resourcemanagerpb.NodeDesc, 0, len(usage)), Refused: refused}
	for _, r := range usage {
		reply.Nodes = append(reply.Nodes, s.desc(r))
	}
	return reply, nil
}

// id is that of a reservation as the wire has it.
func (s *Server) id(r ledger.Reservation) string { return s.cfg.IDPrefix + r.ID }

// desc is a reservation as the wire has it.
func (s *Server) desc(r ledger.Reservation) *resourcemanagerpb.NodeDesc {
	d := &resourcemanagerpb.NodeDesc{
		Id:                      s.id(r),
		Address:                 r.Address,
		NodeServicePort:         int64(r.Port),
		MemoryInBytes:           r.Memory,
		ReservedTimeTimestampMs: r.Reserved.UnixMilli(),
		CpuInMillis:             r.CPU,
		Lost:                    r.Lost,
	}
	if r.Over() {
		d.ReleasedTimeTimestampMs = r.Released.UnixMilli()
	}
	return d
}
