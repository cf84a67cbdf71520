package cold

import (
	"slices"
	"time"
)

// Times are how long the same took again and again, shortest first.
type Times []time.Duration

func newTimes(took []time.Duration) Times { return slices.Sorted(slices.Values(took)) }

// P50 is the median; 0 of none.
func (t Times) P50() time.Duration { return t.at(50) }

// P99 is the 99th percentile; 0 of none.
func (t Times) P99() time.Duration { return t.at(99) }

// Most is the longest; 0 of none.
func (t Times) Most() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[len(t)-1]
}

func (t Times) at(percent int) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[len(t)*percent/100]
}

// Phases are the medians of the parts of cold starts; 0 is one that did not occur,
// or that the node does not tell.
type Phases struct {
	// Decide is from the request to the order to make a container, of calls through
	// the scheduler.
	Decide time.Duration
	// Wait, Take, Mount, Limit and Import are what the node tells of a creation.
	Wait, Take, Mount, Limit, Import time.Duration
	// FirstCall is from the node's answer that there is a container to the function's.
	FirstCall time.Duration
	// Rest is what no other phase covers: the calls' way between processes.
	Rest time.Duration
}

// medians are of each phase by itself.
func medians(starts []start) (p Phases) {
	for _, phase := range []struct {
		into *time.Duration
		of   func(start) time.Duration
	}{
		{&p.Decide, func(s start) time.Duration { return s.decide }},
		{&p.Wait, func(s start) time.Duration { return time.Duration(s.phases.GetWaitNanos()) }},
		{&p.Take, func(s start) time.Duration { return time.Duration(s.phases.GetTakeNanos()) }},
		{&p.Mount, func(s start) time.Duration { return time.Duration(s.phases.GetMountNanos()) }},
		{&p.Limit, func(s start) time.Duration { return time.Duration(s.phases.GetLimitNanos()) }},
		{&p.Import, func(s start) time.Duration { return time.Duration(s.phases.GetImportNanos()) }},
		{&p.FirstCall, func(s start) time.Duration { return s.firstCall }},
		{&p.Rest, start.rest},
	} {
		took := make([]time.Duration, len(starts))
		for i, s := range starts {
			took[i] = phase.of(s)
		}
		*phase.into = newTimes(took).P50()
	}
	return p
}

// rest is what of the start is in no phase.
func (s start) rest() time.Duration {
	p := s.phases
	known := p.GetWaitNanos() + p.GetTakeNanos() + p.GetMountNanos() + p.GetLimitNanos() + p.GetImportNanos()
	return s.took - s.decide - s.firstCall - time.Duration(known)
}
