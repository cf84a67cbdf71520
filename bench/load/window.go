package load

import (
	"slices"
	"sync"
	"time"
)

// window gathers what becomes of the calls of an openLoop in a part of its time.
type window struct {
	from, to time.Duration

	mu       sync.Mutex // guards what follows
	took     []time.Duration
	answered int // within the window
	failed   int
	warm     int
	failure  string // the first one
}

func (w *window) heard(a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := a.due + a.took; a.err == nil && a.cold && w.from <= at && at < w.to {
		w.answered++
	}
	if a.due < w.from || a.due >= w.to {
		return
	}
	switch {
	case a.err != nil:
		w.failed++
		if w.failure == "" {
			w.failure = a.err.Error()
		}
		return
	case !a.cold:
		w.warm++
	}
	w.took = append(w.took, a.took)
}

func (w *window) step(rate float64) Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.took)
	s := Step{
		Offered: rate, Achieved: float64(w.answered) / (w.to - w.from).Seconds(),
		Calls: len(w.took) + w.failed, Failed: w.failed, Warm: w.warm, Failure: w.failure,
	}
	if n := len(w.took); n > 0 {
		s.P50, s.P99 = w.took[n/2], w.took[n*99/100]
	}
	return s
}
