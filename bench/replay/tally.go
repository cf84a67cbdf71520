package replay

import (
	"encoding/csv"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/trace"
)

// tally adds up records as they come. It is safe for concurrent use.
type tally struct {
	mu         sync.Mutex // guards all below
	functions  []functionTally
	failures   map[string]int
	lateness   histogram
	latest     time.Duration
	inFlight   int
	ended      int
	failed     int
	unanswered int
	raw        *csv.Writer // nil if nobody asked
}

type functionTally struct {
	summary   Summary
	schedule  histogram
	execution histogram
	response  histogram
	counted   score.Function
}

var rawHeader = []string{
	"offset_ms", "function", "late_ms", "schedule_ms", "execution_ms", "response_ms", "cold_start", "error", "max_memory_bytes",
}

func newTally(w *trace.Workload, raw io.Writer) *tally {
	t := &tally{functions: make([]functionTally, len(w.Functions)), failures: make(map[string]int), lateness: newHistogram()}
	for i, f := range w.Functions {
		t.functions[i] = newFunctionTally(f.Name)
	}
	if raw != nil {
		t.raw = csv.NewWriter(raw)
		_ = t.raw.Write(rawHeader) // flush reports what went wrong
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

// sent notes a call that is on its way.
func (t *tally) sent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight++
}

// giveUp notes a sent call that nobody waits for any more.
func (t *tally) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight--
	t.unanswered++
}

// add notes a call that has ended, sent or not.
func (t *tally) add(function int, r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	f := &t.functions[function]
	f.summary.Calls++
	if r.Error != NotSent {
		t.inFlight--
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
		f.schedule.add(r.Schedule)
		f.execution.add(r.Execution)
		f.counted.Succeeded++
		f.counted.ResponseTime += r.counted()
	}
	if t.raw != nil {
		_ = t.raw.Write(r.fields())
	}
}

func (r *Record) fields() []string {
	ms := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds()*1000, 'f', 3, 64) }
	return []string{
		ms(r.Offset), r.Function, ms(r.Late), ms(r.Schedule), ms(r.Execution), ms(r.Response),
		strconv.FormatBool(r.ColdStart), r.Error, strconv.FormatInt(r.MaxMemory, 10),
	}
}
