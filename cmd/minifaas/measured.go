package main

import (
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
)

// measured is what a journal tells of the platform on which it was written.
type measured struct {
	steps        int
	creations    averages // by name of the function
	held         averages // by name of the function: from a call's grant to its return
	anyCreation  average
	reservations []time.Duration
}

type averages map[string]*average

func (a averages) add(name string, d time.Duration) {
	if a[name] == nil {
		a[name] = &average{}
	}
	a[name].add(d)
}

// average of durations.
type average struct {
	sum   time.Duration
	count int
}

func (a *average) add(d time.Duration) { a.sum, a.count = a.sum+d, a.count+1 }

// mean is 0 of nothing.
func (a *average) mean() time.Duration { return a.sum / time.Duration(max(1, a.count)) }

// measureJournal plays a journal through an engine. It is an error if that acts
// otherwise than the one that wrote it.
func measureJournal(dir string) (*measured, error) {
	m := &measured{creations: averages{}, held: averages{}}
	type begun struct {
		at       engine.Instant
		function string
	}
	creating, reserving := map[engine.Name]begun{}, map[uint64]engine.Instant{}
	waiting, running := map[engine.Ticket]string{}, map[engine.RequestID]begun{}
	err := journal.Replay(dir, scheduler.RecordedPolicy, func(s journal.Step) error {
		m.steps++
		if s.Event.Kind == engine.Acquire {
			waiting[s.Event.Ticket] = function.BareName(s.Event.Function.Name)
		}
		for _, a := range s.Actions {
			switch a.Kind {
			case engine.CreateContainer:
				creating[a.Name] = begun{s.Now, function.BareName(a.Function.Name)}
			case engine.Grant:
				running[a.Request] = begun{s.Now, waiting[a.Ticket]}
			case engine.ReserveNode:
				reserving[a.Reservation] = s.Now
			}
		}
		switch s.Event.Kind {
		case engine.ContainerReady:
			if c, ok := creating[s.Event.Name]; ok {
				m.creations.add(c.function, s.Now.Sub(c.at))
				m.anyCreation.add(s.Now.Sub(c.at))
			}
		case engine.Return:
			if c, ok := running[s.Event.Request]; ok {
				m.held.add(c.function, s.Now.Sub(c.at))
			}
		case engine.NodeReady:
			if asked, ok := reserving[s.Event.Reservation]; ok {
				m.reservations = append(m.reservations, s.Now.Sub(asked))
			}
		}
		return nil
	})
	return m, err
}

// calibrate makes creations take what they took on average, and reservations what
// most of them took: a policy that reserves one node for each call that finds
// none would reserve many during a few long ones.
func (m *measured) calibrate(p *sim.Platform, w *trace.Workload) {
	if n := len(m.reservations); n > 0 {
		slices.Sort(m.reservations)
		p.Reserve = 2 * m.reservations[n/2] // drawn uniformly from 0
	}
	reference := nodemodel.Reference(1)
	p.Create = func(function int) nodemodel.Creation {
		took := m.creations[w.Functions[function].Name]
		if took == nil {
			took = &m.anyCreation
		}
		return nodemodel.Creation{Delay: took.mean(), Memory: reference.Memory}
	}
}

// overhead makes calls hold their containers for as long as they did on average,
// beyond what they did in a simulation without it.
func (m *measured) overhead(p *sim.Platform, without *sim.Result) {
	beside := make([]time.Duration, len(without.Functions))
	for i, f := range without.Functions {
		if held := m.held[f.Name]; held != nil {
			beside[i] = max(0, held.mean()-(f.Response.Mean-f.Schedule.Mean))
		}
	}
	p.Overhead = func(function int) time.Duration { return beside[function] }
}
