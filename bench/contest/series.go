package contest

import (
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
)

const (
	// leastStep is the distance of samples, of the platform's time; by the clock they
	// are no closer than leastPause, and a run has no more of them than mostSteps.
	leastStep  = 500 * time.Millisecond
	leastPause = 100 * time.Millisecond
	mostSteps  = 4000
)

// stepOf is the distance of samples by the clock.
func stepOf(cfg *Config) time.Duration {
	clock := replay.NewClock(cfg.TimeScale)
	length := clock.Real(cfg.Grace + cfg.Workload.Length)
	return max(clock.Real(leastStep), leastPause, (length / mostSteps).Round(leastPause))
}

// series are the samples at even distances, and what of calls was under way then.
func (r *recorder) series(result *replay.Result) report.Series {
	step := stepOf(&r.cfg)
	length := r.clock().Real(result.Grace + result.Duration)
	n := int((length + step - 1) / step)
	s := report.Series{
		StepSeconds: r.clock().Model(step).Seconds(), Nodes: make([]int, n), Containers: make([]int, n), Busy: make([]int, n),
		InFlight: make([]int, n), Queued: make([]int, n), MemoryMB: make([]float64, n), CPUCores: make([]float64, n),
	}
	previous := sample{at: r.started}
	for i := range n {
		now := previous
		if last := r.latest(r.started.Add(time.Duration(i+1) * step)); last.at.After(previous.at) {
			now = last
			s.CPUCores[i] = rounded((now.cpu - previous.cpu).Seconds() / now.at.Sub(previous.at).Seconds())
		}
		s.Nodes[i], s.Containers[i], s.Busy[i] = now.nodes, now.containers, now.busy
		s.MemoryMB[i] = rounded(float64(now.memory) / (1 << 20))
		previous = now
	}
	for i := range r.records {
		rec := &r.records[i]
		if !rec.Sent {
			continue
		}
		begin, end := rec.Intended, rec.Intended.Add(r.clock().Real(rec.Response))
		r.count(s.InFlight, begin, end, step)
		r.count(s.Queued, begin, r.granted(rec), step)
	}
	return s
}

// latest is the last sample that was taken by then. What was to be taken at the end
// of a step is there a moment later.
func (r *recorder) latest(at time.Time) sample {
	i, _ := slices.BinarySearchFunc(r.samples, at.Add(leastPause/2), func(s sample, at time.Time) int { return s.at.Compare(at) })
	if i == 0 {
		return sample{}
	}
	return r.samples[i-1]
}

// count adds one to the steps at whose ends something was under way.
func (r *recorder) count(steps []int, begin, end time.Time, step time.Duration) {
	// The first end of a step that is not before begin, and the first that is not before end.
	index := func(at time.Time) int {
		return max(0, int((at.Sub(r.started)+step-1)/step)-1)
	}
	for i := index(begin); i < min(index(end), len(steps)); i++ {
		steps[i]++
	}
}

// granted is when a call had its container; one that failed without an answer
// never had, as far as is known.
func (r *recorder) granted(rec *replay.Record) time.Time {
	if rec.Container == "" && rec.Error != "" {
		return rec.Intended.Add(r.clock().Real(rec.Response))
	}
	return rec.Intended.Add(r.clock().Real(rec.Late + rec.Schedule))
}

// rounded spares the digits that nobody reads.
func rounded(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }

// heat is the mean response of each function in each step.
type heat struct {
	r      *recorder
	sums   [][]time.Duration // by function and step
	counts [][]int
}

func newHeat(r *recorder, functions, steps int) *heat {
	h := &heat{r: r}
	for range functions {
		h.sums = append(h.sums, make([]time.Duration, steps))
		h.counts = append(h.counts, make([]int, steps))
	}
	return h
}

func (h *heat) add(rec *replay.Record) {
	i := int(rec.Intended.Sub(h.r.started) / stepOf(&h.r.cfg))
	if i >= 0 && i < len(h.sums[rec.Index]) {
		h.sums[rec.Index][i] += rec.Response
		h.counts[rec.Index][i]++
	}
}

func (h *heat) means(function int) []float64 {
	means := make([]float64, len(h.sums[function]))
	for i, sum := range h.sums[function] {
		if n := h.counts[function][i]; n > 0 {
			means[i] = rounded(millis(sum) / float64(n))
		}
	}
	return means
}
