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
	proveAlone = 20   // calls that must succeed one at a time after one ran out of time or memory

	// shareBelow and shareAbove, where the CPU of calls is not measured: a
	// container's calls become more while they take less than shareBelow times what
	// they take alone, and fewer when they take more than shareAbove times.
	shareBelow, shareAbove = 1.15, 1.5
	// shareMargin: one part in so many of the memory is left free by sharing.
	shareMargin = 4
	// partShared: a container that is shared beyond the declared memory takes at most one
	// part in so many of a node. One that is nearly as large as the node finds no room.
	partShared = 8
	// partFurther: it is shared so only if a further call adds at most one part in so many of
	// what one takes. Calls that hold memory of their own save little in company.
	partFurther = 4
	// shareSlack is added to both sides before they are compared: a difference
	// of that order is noise.
	shareSlack = 2 * time.Millisecond
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
	case !a.cfg.has(Sharing):
		return 1
	}
	return int(s.limit)
}

// sharing learns how many calls of a function may share a container. A call
// alone shows the memory and, where the platform measures it, the CPU that it
// needs: so many are let in as fit. Without that it is more as long as calls in
// company take no longer than alone, and fewer at once when they do; what proved
// wrong is tried again ever more rarely.
type sharing struct {
	limit  int16
	alone  int32 // calls that must still succeed one at a time
	hold   int32 // calls alone between a fall to 1 and the next try
	calls  int32 // alone since then, or in company since the last judgement
	shared mean
}

func (s *sharing) learn(a *Adaptive, l *learned, f *engine.FunctionView, call engine.Call, took time.Duration) {
	switch call.Error {
	case "":
	case engine.ErrorTimeout, engine.ErrorOutOfMemory:
		*s = sharing{limit: 1, alone: proveAlone, hold: min(2*s.hold, lastProbe)}
		return
	default:
		return // how long an error took says little of a call
	}
	if s.alone > 0 {
		s.alone--
		return
	}
	if f.Spec.Concurrency > 0 {
		return
	}
	company := max(call.Started, call.Ended)
	if l.cpu.n > 0 {
		s.fit(a, l, f, company, call.Size)
		return
	}
	switch {
	case s.limit == 1 && call.Alone:
		if s.calls++; s.calls >= s.hold {
			s.raise(a, l, f, blindShare, call.Size)
		}
	case s.limit > 1 && 2*company > int(s.limit): // fewer say nothing about so many
		s.shared.add(took)
		if s.calls++; s.calls >= fewShared && l.solo.n > 0 {
			s.judge(a, l, f, call.Size)
		}
	}
}

func (s *sharing) judge(a *Adaptive, l *learned, f *engine.FunctionView, size engine.Size) {
	slowdown := float64(s.shared.value+shareSlack) / float64(l.solo.value+shareSlack)
	most := l.fits(a.shared(l, f.Spec.Memory), s.limit) // what further calls add has shown
	if slowdown > shareAbove {
		// Were the calls to share evenly what one has alone, so many would be slowed that much.
		most = min(most, max(1, int16(float64(s.limit)*shareAbove/slowdown)))
	}
	switch {
	case most < s.limit:
		s.change(most)
		if s.limit == 1 {
			s.hold = min(2*s.hold, lastProbe)
		}
	case slowdown < shareBelow:
		s.raise(a, l, f, 2*s.limit, size)
	}
}

// fit shares by what the CPU quota bears and the memory allows. How long calls
// take in company is not asked: on a busy machine all take longer, and fewer to
// a container would only make it busier.
func (s *sharing) fit(a *Adaptive, l *learned, f *engine.FunctionView, company int, size engine.Size) {
	if most := l.fits(f.Spec.Memory, int16(min(l.bearable(size.Memory), float64(s.limit)))); s.limit > most {
		s.change(most)
	} else if s.limit == 1 || 2*company > int(s.limit) {
		s.raise(a, l, f, max(boldShare, 2*s.limit), size)
	}
}

// bearable is how many calls at once the container's CPU quota bears without
// slowing them noticeably, were they to begin at the same instant.
func (l *learned) bearable(memory engine.Bytes) float64 {
	quota := quotaOf(memory)
	cpu := float64(max(l.cpu.value, time.Microsecond))
	// Alone they may be held back by the quota.
	alone := max(float64(l.solo.value), cpu)
	slack := max(float64((shareBelow-1)*alone), float64(shareSlack))
	return min(max(1, math.Floor(quota*(1+slack/cpu))), math.MaxInt16)
}

// raise lets in as many calls as wanted, or as there is room for.
func (s *sharing) raise(a *Adaptive, l *learned, f *engine.FunctionView, want int16, size engine.Size) {
	want = min(want, int16(a.cfg.MaxShare))
	if l.cpu.n > 0 {
		want = min(want, int16(l.bearable(size.Memory)))
	}
	most := l.fits(f.Spec.Memory, want)
	if a.boundless(l) && f.Ready >= 2 { // there is more than one that could be shared
		most = max(most, l.fits(a.shared(l, f.Spec.Memory), want))
		if f.Pool.Capacity-f.Pool.Booked >= l.memory.most(2) { // where it fails it takes nothing from others
			most = max(most, l.fits(a.part(f.Spec.Memory), min(want, 2)))
		}
	}
	if most > s.limit {
		s.change(most)
	}
}

// shared is the memory that the calls of a container may take together: what the function
// declares, and where that is no limit, and further calls add little, a part of a node. Where
// the CPU of calls is measured that would only bring together those who compete for it.
func (a *Adaptive) shared(l *learned, declared engine.Bytes) engine.Bytes {
	if !a.boundless(l) || partFurther*l.memory.further > l.memory.one {
		return declared
	}
	return a.part(declared)
}

func (a *Adaptive) part(declared engine.Bytes) engine.Bytes {
	return max(declared, a.all.node/partShared)
}

// boundless: its containers may take more memory than it declares, and memory is all
// that they are known to need.
func (a *Adaptive) boundless(l *learned) bool { return a.cfg.Enlarge && l.cpu.n == 0 }

// fits is how many of so many calls the memory holds with some to spare.
func (l *learned) fits(memory engine.Bytes, calls int16) int16 {
	for calls > 1 && shareMargin*l.memory.most(int(calls)) > (shareMargin-1)*memory {
		calls--
	}
	return calls
}

func (s *sharing) change(limit int16) {
	s.limit, s.calls, s.shared = limit, 0, mean{}
}
