package resourcemanager

import (
	"time"

	"go.uber.org/zap"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

// decide tells the ledger what happened and carries out what it decides, but
// for the answers to a caller: these it returns.
func (s *Server) decide(ev ledger.Event) []ledger.Decision {
	s.mu.Lock()
	decisions := s.decideLocked(ev)
	s.mu.Unlock()
	s.writeDown(decisions)
	return decisions
}

func (s *Server) decideLocked(ev ledger.Event) []ledger.Decision {
	before := s.ledger.Available()
	decisions := s.ledger.Step(time.Now(), ev, nil)
	for _, d := range decisions {
		switch d.Kind {
		case ledger.Start:
			s.begin(d.Node)
		case ledger.Stop:
			s.current[d.Node].condemn(errSurplus)
		case ledger.Ended:
			if d.Reservation.Lost {
				s.watchers.send(&resourcemanagerpb.NodeEvent{
					Kind:      resourcemanagerpb.NodeEvent_KIND_LOST,
					Node:      s.desc(d.Reservation),
					Available: int32(s.ledger.Available()),
				})
			}
		}
	}
	if after := s.ledger.Available(); after != before {
		s.watchers.send(&resourcemanagerpb.NodeEvent{
			Kind:      resourcemanagerpb.NodeEvent_KIND_AVAILABLE,
			Available: int32(after),
		})
	}
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
	return decisions
}

// writeDown keeps reservations that are over on disk.
func (s *Server) writeDown(decisions []ledger.Decision) {
	for _, d := range decisions {
		if d.Kind != ledger.Ended {
			continue
		}
		full, err := s.store.appendUsage(d.Reservation, 2*s.cfg.History)
		if err == nil && full {
			err = s.store.rewrite(s.over)
		}
		if err != nil {
			s.log.Error("write down usage", zap.String("reservation", d.Reservation.ID), zap.Error(err))
		}
	}
}

func (s *Server) over() []ledger.Reservation {
	s.mu.Lock()
	defer s.mu.Unlock()
	var over []ledger.Reservation
	for _, r := range s.ledger.Usage() {
		if r.Over() {
			over = append(over, r)
		}
	}
	return over
}

// save keeps the present state of a node on disk.
func (s *Server) save(name string) {
	err := s.store.saveNode(name, func() (record, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		l := s.current[name]
		if l == nil || l.node == nil || l.over {
			return record{}, false
		}
		r := record{Name: name, Handle: l.node.Handle()}
		if res, ok := s.ledger.Reservation(name); ok {
			r.Reservation = &res
		}
		return r, true
	})
	if err != nil {
		s.log.Error("write down node", zap.String("node", name), zap.Error(err))
	}
}
