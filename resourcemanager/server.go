// Package resourcemanager lends nodes and keeps account of the time for which
// they were lent: the service behind proto/resourcemanager.
//
// The pool's rules are in package ledger, where nodes come from in package
// provider; this package carries out what the ledger decides. Its caller makes
// a Server with New, registers it with a gRPC server, and calls Run, which
// starts the nodes and, when its context ends, stops them all. A Server that
// dies without that leaves its nodes alone; the next one with the same state
// folder and run adopts them, with their reservations.
package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

// Server implements resourcemanagerpb.ResourceManagerServer.
type Server struct {
	resourcemanagerpb.UnimplementedResourceManagerServer
	cfg   Config
	log   *zap.Logger
	store *store

	releases singleflight.Group // by id of the reservation
	lives    sync.WaitGroup     // of the goroutines that each mind one life of a node
	wake     chan struct{}      // has one element when the ledger may want to be woken at another time
	ready    chan struct{}

	mu       sync.Mutex // guards what follows; never held while calling out
	ledger   *ledger.Ledger
	current  map[string]*life // by name of the node
	watchers watchers
	refused  int64           // reservations, for want of a node
	ctx      context.Context // of the lives; nil before Run
}

var _ resourcemanagerpb.ResourceManagerServer = (*Server)(nil)

// New opens the state folder and adopts the nodes of it that live. The error
// lists all faults of the configuration.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	st, left, err := openStore(cfg.StateDir, cfg.Run, cfg.History)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		log:     cfg.Log,
		store:   st,
		wake:    make(chan struct{}, 1),
		ready:   make(chan struct{}),
		current: map[string]*life{},
		ledger: ledger.New(ledger.Config{
			Initial:     cfg.Initial,
			Max:         cfg.Max,
			RefillDelay: cfg.RefillDelay,
			History:     cfg.History,
		}, left.over),
	}
	for _, r := range left.nodes {
		s.adopt(r)
	}
	if cfg.Provider.Shared() {
		if text := Nominal(cfg.Max, cfg.NodeCPU, cfg.NodeMemory); text != "" {
			s.log.Info(text)
		}
	}
	return s, nil
}

// adopt takes over a node of an earlier ResourceManager. One that is dead ends
// its reservation here and now: nobody knows better when it was.
func (s *Server) adopt(r record) {
	ev := ledger.Event{Kind: ledger.Adopted, Node: r.Name}
	if r.Reservation != nil {
		ev.Reservation = *r.Reservation
	}
	s.decide(ev)
	n, err := s.cfg.Provider.Adopt(r.Name, r.Handle)
	if err != nil {
		s.log.Warn("node died without a ResourceManager", zap.String("node", r.Name), zap.Error(err))
		s.decide(ledger.Event{Kind: ledger.Lost, Node: r.Name})
		s.save(r.Name)
		return
	}
	l := newLife(r.Name)
	if err := s.connect(l, n); err != nil {
		s.log.Error("connect to adopted node", zap.String("node", r.Name), zap.Error(err))
		l.condemn(err)
	}
	s.current[r.Name] = l
	s.log.Info("node adopted", zap.String("node", r.Name), zap.Int("port", n.Port()), zap.String("reservation", ev.Reservation.ID))
}

// Run keeps the pool until ctx ends, then ends all reservations and stops all
// nodes. It is called once. The error says what could not be stopped in time.
func (s *Server) Run(ctx context.Context) error {
	if err := s.cfg.Provider.Sweep(); err != nil {
		return errors.Join(err, s.Close())
	}
	// The lives have a context of their own: they end only when nobody can
	// reserve or release any more.
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()

	s.mu.Lock()
	s.ctx = living
	for _, l := range s.current {
		s.mind(l, nil)
	}
	s.mu.Unlock()
	s.decide(ledger.Event{Kind: ledger.Open})
	s.announce(living)

	s.loop(ctx)

	s.decide(ledger.Event{Kind: ledger.Close})
	s.mu.Lock()
	s.watchers.close(errStopping)
	s.mu.Unlock()
	end()
	s.lives.Wait()
	err := s.stopNodes(context.WithoutCancel(ctx))
	return errors.Join(err, s.Close())
}

// loop wakes the ledger when it wants to be woken.
func (s *Server) loop(ctx context.Context) {
	for {
		var due <-chan time.Time
		s.mu.Lock()
		next, ok := s.ledger.NextWake()
		s.mu.Unlock()
		if ok {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-due:
			s.decide(ledger.Event{Kind: ledger.Wake})
		case <-s.wake:
		}
	}
}

// Ready is closed when each of the nodes that the pool begins with has come up,
// or has failed to once.
func (s *Server) Ready() <-chan struct{} { return s.ready }

func (s *Server) announce(ctx context.Context) {
	s.mu.Lock()
	var first []*life
	for _, l := range s.current {
		first = append(first, l)
	}
	s.mu.Unlock()
	s.lives.Go(func() {
		for _, l := range first {
			select {
			case <-l.settled:
			case <-ctx.Done():
				return
			}
		}
		close(s.ready)
	})
}

// stopNodes stops all nodes at the same time.
func (s *Server) stopNodes(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.StopTimeout, fmt.Errorf("not within %v", s.cfg.StopTimeout))
	defer cancel()
	s.mu.Lock()
	last := s.current
	s.current = map[string]*life{}
	s.mu.Unlock()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex // guards faults
		faults []error
	)
	for name, l := range last {
		wg.Go(func() {
			if !s.cfg.Provider.Shared() && l.api != nil {
				// A machine that stays must not go on with our containers.
				_ = s.reset(ctx, l, "")
			}
			if err := l.stop(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				faults = append(faults, fmt.Errorf("node %s: %w", name, err))
			}
			s.save(name)
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

// Close lets go of the state folder. Run does it; without Run, the nodes that
// New has adopted live on.
func (s *Server) Close() error {
	s.store.close()
	return nil
}
