package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// SupervisorConfig says how services are kept.
type SupervisorConfig struct {
	// Log reports starts and deaths; nil logs nothing.
	Log *zap.Logger
	// Output gets every line that a service writes, its name in front; nil
	// means os.Stderr.
	Output io.Writer
	// Lifeline is attached to every service; it may be nil.
	Lifeline *Lifeline
	// StopTimeout bounds the stop of one service, before it is killed; 0 means 15 s.
	StopTimeout time.Duration
}

// Service is a process that is to run until it is stopped.
type Service struct {
	Name string
	// Argv is the executable's path and its arguments.
	Argv []string
	// Env is added to this process's own environment.
	Env []string
}

// ServiceStatus is how a service is doing.
type ServiceStatus struct {
	Name string
	// PID is 0 while the service waits for its next start.
	PID int
	// Deaths counts how often it has ended so far.
	Deaths int
	// LastExit is how it ended the last time; nil when it never has, or successfully.
	LastExit error
}

// Supervisor keeps services alive: one that dies, for whatever reason, is
// started again within a second (after 50 ms at first, doubling, and from the
// beginning once it has lived for 10 s). It is safe for concurrent use.
type Supervisor struct {
	cfg    SupervisorConfig
	output output

	mu       sync.Mutex // guards what follows
	services []*service // in order of starting
	stopped  bool
}

type service struct {
	Service
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex // guards status
	status ServiceStatus
}

// NewSupervisor returns a supervisor without services.
func NewSupervisor(cfg SupervisorConfig) *Supervisor {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Output == nil {
		cfg.Output = os.Stderr
	}
	if cfg.StopTimeout == 0 {
		cfg.StopTimeout = 15 * time.Second
	}
	return &Supervisor{cfg: cfg, output: output{w: cfg.Output}}
}

// Start starts a service and keeps it alive until Stop. An error means that
// the first start failed (there is no such executable) and the service is not kept.
func (s *Supervisor) Start(svc Service) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return fmt.Errorf("start %s: supervisor is stopped", svc.Name)
	}
	kept := &service{
		Service: svc,
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		status:  ServiceStatus{Name: svc.Name},
	}
	p, drain, err := s.launch(svc)
	if err != nil {
		return fmt.Errorf("start %s: %w", svc.Name, err)
	}
	kept.running(p)
	s.services = append(s.services, kept)
	go s.keep(kept, p, drain)
	return nil
}

// Stop stops all services, the last started first and one after the other, and
// returns when they are dead. The supervisor can't be used again.
func (s *Supervisor) Stop() {
	s.mu.Lock()
	services := slices.Clone(s.services)
	first := !s.stopped
	s.stopped = true
	s.mu.Unlock()
	for _, svc := range slices.Backward(services) {
		if first {
			close(svc.stop)
		}
		<-svc.stopped
	}
}

// Services reports on the services in the order of their start.
func (s *Supervisor) Services() []ServiceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]ServiceStatus, 0, len(s.services))
	for _, svc := range s.services {
		svc.mu.Lock()
		all = append(all, svc.status)
		svc.mu.Unlock()
	}
	return all
}

func (s *Supervisor) launch(svc Service) (p *Process, drain func(), err error) {
	out, drain, err := s.output.stream(svc.Name)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(svc.Argv[0], svc.Argv[1:]...)
	cmd.Env = append(os.Environ(), svc.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	s.cfg.Lifeline.Attach(cmd)
	p, err = Start(cmd)
	_ = out.Close()
	if err != nil {
		drain()
		return nil, nil, err
	}
	return p, drain, nil
}

// keep watches one life of the service after the other.
func (s *Supervisor) keep(svc *service, p *Process, drain func()) {
	defer close(svc.stopped)
	log := s.cfg.Log.With(zap.String("service", svc.Name))
	wait := backoff{min: 50 * time.Millisecond, max: time.Second, healthy: 10 * time.Second}
	for {
		started := time.Now()
		if p != nil {
			select {
			case <-svc.stop:
				s.end(p, log)
				drain()
				svc.ended(p.Err())
				return
			case <-p.Done():
			}
			drain()
			svc.ended(p.Err())
		}
		delay := wait.next(time.Since(started))
		if p != nil {
			log.Warn("service died, restarting", zap.Int("pid", p.ID().PID), zap.NamedError("exit", p.Err()), zap.Duration("after", delay))
		}
		select {
		case <-svc.stop:
			return
		case <-time.After(delay):
		}
		var err error
		if p, drain, err = s.launch(svc.Service); err != nil {
			log.Error("restart service", zap.Error(err))
			continue
		}
		svc.running(p)
	}
}

func (s *Supervisor) end(p *Process, log *zap.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.StopTimeout)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		log.Warn("service did not stop in time", zap.Error(err))
	}
}

func (s *service) running(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.PID = p.ID().PID
}

func (s *service) ended(exit error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.PID, s.status.LastExit = 0, exit
	s.status.Deaths++
}
