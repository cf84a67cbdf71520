package replay

import (
	"iter"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
)

// limits are what of the workload is to be played.
type limits struct {
	sequence iter.Seq[trace.Call]
	calls    int
	// length of the load, and when its last call comes, from its first call.
	length, last time.Duration
}

// limits goes once through the workload, to know beforehand how long the load is.
func (r *run) limits() limits {
	w := r.cfg.Workload
	l := limits{}
	var first, last time.Duration
	cut := false
	for c := range w.Calls() {
		if l.calls == 0 {
			first = c.Offset
		}
		if d := r.cfg.MaxDuration; d > 0 && c.Offset-first >= d {
			break
		}
		if r.cfg.MaxCalls > 0 && l.calls == r.cfg.MaxCalls {
			cut = true
			break
		}
		last = c.Offset
		l.calls++
	}
	l.length, l.last = w.Length-first, last-first
	if cut {
		l.length = last - first
	}
	if r.cfg.MaxDuration > 0 {
		l.length = min(l.length, r.cfg.MaxDuration)
	}
	l.sequence = func(yield func(trace.Call) bool) {
		left := l.calls
		for c := range w.Calls() {
			if left == 0 || !yield(c) {
				return
			}
			left--
		}
	}
	return l
}
