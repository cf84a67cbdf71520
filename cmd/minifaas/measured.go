package main

import (
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// measured is what a journal tells of the platform on which it was written.
type measured struct {
	steps        int
	creations    map[string]*average // by qualified name of the function
	anyCreation  average
	reservations average
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
	m := &measured{creations: map[string]*average{}}
	type creation struct {
		asked    engine.Instant
		function string
	}
	creating, reserving := map[engine.Name]creation{}, map[uint64]engine.Instant{}
	err := journal.Replay(dir, policy.New, func(s journal.Step) error {
		m.steps++
		for _, a := range s.Actions {
			switch a.Kind {
			case engine.CreateContainer:
				creating[a.Name] = creation{s.Now, a.Function.Name}
			case engine.ReserveNode:
				reserving[a.Reservation] = s.Now
			}
		}
		switch s.Event.Kind {
		case engine.ContainerReady:
			if c, ok := creating[s.Event.Name]; ok {
				m.created(c.function, s.Now.Sub(c.asked))
			}
		case engine.NodeReady:
			if asked, ok := reserving[s.Event.Reservation]; ok {
				m.reservations.add(s.Now.Sub(asked))
			}
		}
		return nil
	})
	return m, err
}

func (m *measured) created(function string, took time.Duration) {
	if m.creations[function] == nil {
		m.creations[function] = &average{}
	}
	m.creations[function].add(took)
	m.anyCreation.add(took)
}

// calibrate makes creations and reservations take what they took on average.
func (m *measured) calibrate(p *sim.Platform, w *trace.Workload) {
	byName := map[string]time.Duration{}
	for qualified, took := range m.creations {
		byName[bareName(qualified)] = took.mean()
	}
	p.Reserve = 2 * m.reservations.mean() // drawn uniformly from 0
	reference := nodemodel.Reference(1)
	p.Create = func(function int) nodemodel.Creation {
		delay, ok := byName[w.Functions[function].Name]
		if !ok {
			delay = m.anyCreation.mean()
		}
		return nodemodel.Creation{Delay: delay, Memory: reference.Memory}
	}
}

// bareName is what account/name@version calls the function.
func bareName(qualified string) string {
	_, name, ok := strings.Cut(qualified, "/")
	if !ok {
		name = qualified
	}
	name, _, _ = strings.Cut(name, "@")
	return name
}
