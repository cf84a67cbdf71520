package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	firstProbe = 1    // calls alone before sharing is tried: they show the memory
	lastProbe  = 1024 // and at most, after it has not paid again and again
	fewShared  = 4    // shared calls before they are judged
	blindShare = 4    // calls that are let in when it is tried without knowing their CPU
	boldShare  = 16   // and at most, at first, when that is known
)

// Concurrency is what the function declares, or what it has been learned to
// bear: 1 to begin with.
func (a *Adaptive) Concurrency(f *engine.FunctionView) int {
	s := &a.of(f).share
	switch {
	case s.alone > 0:
		return 1
	case f.Spec.Concurrency > 0:
		return f.Spec.Concurrency
	}
	return int(s.limit)
}

// sharing learns how many calls of a function may share a container. A call
// alone shows the memory and, where the platform measures it, the CPU that it
// needs: so many are let in as fit. Without that it is more as long as calls in
// company take no longer than alone, and fewer at once when they do; what proved
// wrong is tried again ever more rarely.
type sharing struct {
	limit int16
	alone int32 // calls that must still succeed one at a time
	hold  int32 // calls alone between a fall to 1 and the next try
	calls int32 // alone since then, or in company since the last judgement

	solo, shared mean
	cpu          mean         // of calls alone; empty where it is not measured
	memory       engine.Bytes // peak, fading
}

func (s *sharing) learn(cfg *AdaptiveConfig, declared bool, call engine.Call, took time.Duration) {
	switch call.Error {
	case "":
	case engine.ErrorTimeout, engine.ErrorOutOfMemory:
		*s = sharing{limit: 1, alone: int32(cfg.ProveAlone), hold: s.hold, solo: s.solo, cpu: s.cpu, memory: s.memory}
		return
	default:
		return // how long an error took says little of a call
	}
	if call.MaxMemory > s.memory {
		s.memory = call.MaxMemory
	} else {
		s.memory -= (s.memory - call.MaxMemory) / 64
	}
	company := max(call.Started, call.Ended)
	if company == 1 {
		s.solo.add(took)
		if call.CPU > 0 {
			s.cpu.add(call.CPU)
		}
	}
	if s.alone > 0 {
		s.alone--
		return
	}
	if declared {
		return
	}
	if s.cpu.n > 0 {
		s.fit(cfg, company, call.Size.Memory)
		return
	}
	switch {
	case s.limit == 1 && company == 1:
		if s.calls++; s.calls >= s.hold {
			s.raise(cfg, blindShare, call.Size.Memory)
		}
	case s.limit > 1 && 2*company > int(s.limit): // fewer say nothing about so many
		s.shared.add(took)
		if s.calls++; s.calls >= fewShared && s.solo.n > 0 {
			s.judge(cfg, call.Size.Memory)
		}
	}
}

func (s *sharing) judge(cfg *AdaptiveConfig, memory engine.Bytes) {
	slowdown := float64(s.shared.value+cfg.ShareSlack) / float64(s.solo.value+cfg.ShareSlack)
	switch {
	case slowdown > cfg.ShareAbove:
		// Were the calls to share evenly what one has alone, so many would be slowed that much.
		s.change(max(1, int16(float64(s.limit)*cfg.ShareAbove/slowdown)))
		if s.limit == 1 {
			s.hold = min(2*s.hold, lastProbe)
		}
	case slowdown < cfg.ShareBelow:
		s.raise(cfg, 2*s.limit, memory)
	}
}

// fit shares by what the CPU quota bears and the memory allows. How long calls
// take in company is not asked: on a busy machine all take longer, and fewer to
// a container would only make it busier.
func (s *sharing) fit(cfg *AdaptiveConfig, company int, memory engine.Bytes) {
	if most := int16(s.bearable(memory)); s.limit > most {
		s.change(most)
	} else if s.limit == 1 || 2*company > int(s.limit) {
		s.raise(cfg, max(boldShare, 2*s.limit), memory)
	}
}

// bearable is how many calls at once the container's CPU quota bears without
// slowing them: each needs its CPU within the time that it takes alone. Calls that
// compute are held back by the quota alone already, so that it is one of them.
func (s *sharing) bearable(memory engine.Bytes) float64 {
	quota := float64(quotaPerGiB*float64(memory)) / (1 << 30)
	bears := float64(quotaUse*float64(quota*float64(s.solo.value))) / float64(s.cpu.value)
	return min(max(1, math.Floor(bears)), math.MaxInt16)
}

const (
	// quotaPerGiB is the CPU quota in cores of a container with 1 GiB: the contract's.
	quotaPerGiB = 0.67
	// quotaUse is the part of the quota that sharing may plan with.
	quotaUse = 0.7
)

// raise lets in as many calls as wanted, or as there is room for.
func (s *sharing) raise(cfg *AdaptiveConfig, want int16, memory engine.Bytes) {
	want = min(want, int16(cfg.MaxShare))
	if s.cpu.n > 0 {
		want = min(want, int16(s.bearable(memory)))
	}
	for want > s.limit && !s.room(want, memory) {
		want--
	}
	if want > s.limit {
		s.change(want)
	}
}

// room: were the memory all the calls' own, n of them would still fit.
func (s *sharing) room(n int16, memory engine.Bytes) bool {
	return s.memory/engine.Bytes(s.limit)*engine.Bytes(n) <= memory
}

func (s *sharing) change(limit int16) {
	s.limit, s.calls, s.shared = limit, 0, mean{}
}

func (s *sharing) state(c *engine.Codec) {
	engine.Int(c, &s.limit)
	engine.Int(c, &s.alone)
	engine.Int(c, &s.hold)
	engine.Int(c, &s.calls)
	s.solo.state(c)
	s.shared.state(c)
	s.cpu.state(c)
	engine.Int(c, &s.memory)
	if s.limit < 1 {
		c.Fail("a container shared by %d calls", s.limit)
	}
}
