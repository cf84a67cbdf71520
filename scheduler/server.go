// Package scheduler serves the engine over gRPC: calls become events, actions
// become calls to ResourceManager and NodeService, and their answers become
// events again. One mutex guards the engine; it is never held while calling out.
package scheduler

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
)

var _ schedulerpb.SchedulerServer = (*Server)(nil)

// Server is the Scheduler service. Run must be called before it answers.
type Server struct {
	schedulerpb.UnimplementedSchedulerServer
	cfg     Config
	log     *zap.Logger
	start   time.Time
	rmConn  *grpc.ClientConn
	rm      resourcemanagerpb.ResourceManagerClient
	metrics *metrics
	policy  engine.Policy

	// epoch is this scheduler's generation, set before the first event.
	epoch int64
	// running is closed when Run has adopted what lives: calls wait for it.
	running chan struct{}
	// ctx ends with Run; effects still going on end with it.
	ctx     context.Context
	stop    context.CancelCauseFunc
	effects sync.WaitGroup

	mu sync.Mutex // guards what follows
	// closed: no effect is started any more.
	closed  bool
	eng     *engine.Engine  // nil until the epoch is known
	journal *journal.Writer // nil without a journal
	out     []engine.Action
	tickets engine.Ticket
	// asking is the call that the step under way is about: most are answered by
	// that step. waiting are those that were not.
	asking  *call
	waiting map[engine.Ticket]*call
	nodes   map[engine.NodeID]*node
	// reserving counts calls of ReserveNode under way, reserved those that are
	// over. unsettled: one failed, and may have lent a node all the same.
	reserving, reserved int
	unsettled           bool
	armed               engine.Instant // when wake fires; 0 when it does not
	wake                *time.Timer
}

// call is one AcquireContainer.
type call struct {
	ticket engine.Ticket
	// action is the engine's answer, of Kind 0 until there is one, and node the
	// node that it names. They are written once, under mu.
	action engine.Action
	node   *node
	// answered is closed when there is an answer; nil if there was one at once, or
	// if the call has come over a session, which is told instead.
	answered chan struct{}
	session  *session
	// What follows is of calls in a session: their id there, when they came, and why
	// the engine was not asked.
	id    uint64
	begun time.Time
	fault error
}

// wait prepares for an answer that comes later. The server's mu is held.
func (c *call) wait() {
	if c.session != nil {
		c.session.waiting[c.id] = c
		return
	}
	c.answered = make(chan struct{})
}

// over tells who waits that there is an answer. The server's mu is held.
func (c *call) over() {
	if c.session != nil {
		delete(c.session.waiting, c.id)
		c.session.answered.Add(c)
		return
	}
	close(c.answered)
}

// New makes a scheduler that does nothing yet.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p, err := NewPolicy(cfg.Policy, cfg.Adaptive)
	if err != nil {
		return nil, err
	}
	conn, err := rpc.Dial(cfg.ResourceManager)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, start: time.Now(), policy: p,
		rmConn: conn, rm: resourcemanagerpb.NewResourceManagerClient(conn),
		running: make(chan struct{}),
		waiting: map[engine.Ticket]*call{},
		nodes:   map[engine.NodeID]*node{},
	}
	s.metrics = newMetrics(cfg.Metrics, s.status, cfg.Engine.Decisions)
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.wake = time.AfterFunc(time.Hour, func() { s.step(&engine.Event{Kind: engine.Wake}) })
	s.wake.Stop()
	return s, nil
}

// Run adopts the nodes and containers that live, then lets calls through and
// keeps the engine informed until ctx ends, or until a younger scheduler has
// taken over, which is an error.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	defer context.AfterFunc(ctx, func() { s.stop(nil) })()
	if err := s.adopt(); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	close(s.running)
	s.effects.Go(s.watchNodes)
	s.effects.Go(s.pollStats)
	<-s.ctx.Done()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(s.ctx)
}

// Running is closed when the scheduler answers calls.
func (s *Server) Running() <-chan struct{} { return s.running }

func (s *Server) close() {
	s.stop(nil)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.effects.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake.Stop()
	if err := s.journal.Close(); err != nil {
		s.log.Warn("the journal is incomplete", zap.Error(err))
	}
	for _, n := range s.nodes {
		n.conn.Close()
	}
	s.rmConn.Close()
}

// now is the engine's time.
func (s *Server) now() engine.Instant { return engine.Instant(time.Since(s.start)) }

// step tells the engine what happened and sets off what it decides.
func (s *Server) step(ev *engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stepLocked(ev)
}

func (s *Server) stepLocked(ev *engine.Event) {
	now := s.now()
	if ev.Kind == engine.Return {
		s.metrics.creations.returned(ev.Container, ev.Outcome.Duration)
	}
	s.out = s.journal.Step(s.eng, now, ev, s.out[:0])
	if s.cfg.Tap != nil {
		s.cfg.Tap(now, ev, s.out)
	}
	for i := range s.out {
		s.carryOut(&s.out[i])
	}
	if next, ok := s.eng.NextWake(); ok && (s.armed <= now || next < s.armed) {
		// An earlier timer may stay: it fires for nothing, and then sets the right one.
		s.armed = next
		s.wake.Reset(next.Sub(now))
	}
}

// answer tells a call what became of it. mu is held.
func (s *Server) answer(a *engine.Action) {
	c := s.asking
	if c == nil || c.ticket != a.Ticket {
		if c = s.waiting[a.Ticket]; c == nil {
			return
		}
		delete(s.waiting, a.Ticket)
		defer c.over()
	}
	c.action, c.node = *a, s.nodes[a.Node]
}

// carryOut answers a call, or starts the effect that an action asks for.
func (s *Server) carryOut(a *engine.Action) {
	switch a.Kind {
	case engine.Grant, engine.Refuse:
		s.answer(a)
	default:
		if n := s.nodes[a.Node]; !s.closed && (n != nil || a.Kind == engine.ReserveNode) {
			action := *a // what a points to is overwritten by the next step
			s.effects.Go(func() { s.effect(action, n) })
		}
	}
}
