package replay

import (
	"sync"
	"time"

	"github.com/minifaas/minifaas/bench/score"
)

// tally adds up records as they come. It is safe for concurrent use.
type tally struct {
	observe func(Record) // nil if nobody wants to know
	warmUp  time.Duration

	mu         sync.Mutex // guards all below, and is held over observe
	functions  []functionTally
	failures   map[string]int
	lateness   histogram
	latest     time.Duration
	due        int // calls whose time has come
	ended      int
	failed     int
	unanswered int
	raw        *rawWriter // nil if nobody asked
}

type functionTally struct {
	summary   Summary
	schedule  histogram
	execution histogram
	response  histogram
	counted   score.Function
}

func newTally(cfg *Config) *tally {
	t := &tally{
		observe: cfg.Observe, warmUp: cfg.WarmUp,
		functions: make([]functionTally, len(cfg.Workload.Functions)), failures: make(map[string]int), lateness: newHistogram(),
	}
	for i, f := range cfg.Workload.Functions {
		t.functions[i] = newFunctionTally(f.Name)
	}
	if cfg.Raw != nil {
		t.raw = newRawWriter(cfg.Raw, cfg.WarmUp)
	}
	return t
}

func newFunctionTally(name string) functionTally {
	return functionTally{
		summary:  Summary{Name: name},
		schedule: newHistogram(), execution: newHistogram(), response: newHistogram(),
		counted: score.Function{Name: name},
	}
}

// sent notes a call whose time has come, and numbers it from 1.
func (t *tally) sent() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due++
	return t.due
}

// giveUp notes a sent call that nobody waits for any more.
func (t *tally) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unanswered++
}

// add notes a call that has ended, sent or not.
func (t *tally) add(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	f := &t.functions[r.Index]
	f.summary.Calls++
	measured := r.Offset >= t.warmUp
	if r.Sent && measured {
		t.lateness.add(r.Late)
		t.latest = max(t.latest, r.Late)
		f.response.add(r.Response)
	}
	if r.ColdStart {
		f.summary.ColdStarts++
	}
	if r.Error != "" {
		t.failed++
		t.failures[r.Error]++
		f.summary.Failures++
		f.counted.Failed = append(f.counted.Failed, r.counted())
	} else {
		if measured {
			f.schedule.add(r.Schedule)
			f.execution.add(r.Execution)
		}
		f.counted.Succeeded++
		f.counted.ResponseTime += r.counted()
	}
	if t.raw != nil {
		t.raw.add(&r)
	}
	if t.observe != nil {
		t.observe(r)
	}
}
