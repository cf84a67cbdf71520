package shadow

import (
	"time"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// simulation is one policy on the calls of the live one.
type simulation struct {
	run  Run
	live *sim.Live
	meter
	declared int // functions
	created  int // containers
}

// systemShare is the part of a node's memory that its system takes, as on the
// reference node: 512 MiB of 4 GiB.
const systemShare = 8

// newSimulation makes a platform with nodes that offer so many bytes.
func newSimulation(cfg Config, name string, kind Kind, offered int64, w *watch) (*simulation, error) {
	p, err := newPolicy(name)
	if err != nil {
		return nil, err
	}
	s := &simulation{run: Run{Policy: name, Kind: kind}, meter: newMeter()}
	memory := offered / 3 * 4
	platform := sim.Platform{
		Nodes: cfg.Nodes, Available: cfg.Available, Refill: cfg.Refill, Offered: offered,
		Node: nodemodel.Config{CPU: cfg.CPU, Memory: memory, SystemMemory: memory / systemShare},
		Create: func(function int) nodemodel.Creation {
			s.created++
			return nodemodel.Creation{Delay: w.creation(function, s.created)}
		},
	}
	s.live, err = sim.NewLive(sim.Config{Policy: p, Engine: cfg.Engine, Platform: platform}, func(e sim.Ended) {
		s.count(e.At-e.Arrived, e.Alone, e.Cold, e.Failed)
	})
	return s, err
}

// play lets time pass up to an instant, and a call come if there is one.
func (s *simulation) play(at time.Duration, c *trace.Call, w *watch) {
	if s.run.Problem != "" {
		return
	}
	err := s.live.Pass(at)
	if err == nil && c != nil {
		for _, f := range w.functions[s.declared:] {
			s.live.Declare(f.declaration(), f.spec.Concurrency)
			s.declared++
		}
		s.live.Resident(c.Function, w.functions[c.Function].resident)
		s.live.Reserve(2 * w.reserving.mean()) // they are uniform from 0
		c.Offset = at
		err = s.live.Play(*c)
	}
	if err != nil {
		s.run.Problem = err.Error()
	}
}

// figures are those up to now.
func (s *simulation) figures() Run {
	r := s.run
	s.fill(&r)
	u := s.live.Usage()
	r.NodeTime, r.MemoryTime = u.NodeTime, u.MemoryTime
	return r
}

// newPolicy makes the policy as the live service does.
func newPolicy(name string) (engine.Policy, error) {
	if name == "adaptive" {
		return policy.NewAdaptive(policy.AdaptiveConfig{})
	}
	return policy.New(name)
}
