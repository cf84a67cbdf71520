package policy

import (
	"math/bits"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// mean is a moving average of durations: the plain mean of the first eight,
// then each new one counts an eighth.
type mean struct {
	value time.Duration
	n     int
}

func (m *mean) add(d time.Duration) {
	if m.n < 8 {
		m.n++
	}
	m.value += (d - m.value) / time.Duration(m.n)
}

func (m *mean) state(c *engine.Codec) {
	engine.Int(c, &m.value)
	engine.Int(c, &m.n)
}

// histogram counts durations in buckets of two an octave, from 16 µs to more
// than an hour. All counts are halved when there are many, so that what is
// long past fades.
type histogram struct {
	total  uint16
	counts [56]uint16
}

const (
	histogramUnit = 1 << 14 // ns
	histogramFull = 512
)

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	if h.total++; h.total < histogramFull {
		return
	}
	h.total = 0
	for i := range h.counts {
		h.counts[i] /= 2
		h.total += h.counts[i]
	}
}

// quantile is an upper bound of that many percent of the durations, at most
// half as high again; 0 when there are none.
func (h *histogram) quantile(percent int) time.Duration {
	if h.total == 0 {
		return 0
	}
	return upper(h.bucketAt(percent))
}

// cheapest is the keep-alive that would have cost least over the gaps counted: a
// gap within it costs its length, one beyond it the keep-alive and the penalty;
// of the containers lost the gap is beyond all. What little is known of the
// function itself is filled up with what is known of all.
func cheapest(own *histogram, lost int, all *gaps, penalty time.Duration) time.Duration {
	weight, beyond := priorWeight(all), float64(int(own.total)+lost)
	beyond += float64(weight * float64(int(all.total)+all.lost))
	if beyond == 0 {
		return 0
	}
	within := 0.0 // length of the gaps within
	best, least := time.Duration(0), float64(beyond*float64(penalty))
	for i := range own.counts {
		n := float64(own.counts[i]) + float64(weight*float64(all.counts[i]))
		if n == 0 {
			continue
		}
		keep := upper(i)
		within += float64(n * float64(keep))
		beyond -= n
		if cost := within + float64(beyond*float64(keep+penalty)); cost <= least {
			best, least = keep, cost
		}
	}
	// An eighth more, for gaps a little longer than those seen.
	return best + best/8
}

// worthKeeping is the highest price of its memory at which a container that has
// been idle for so long should still be kept: what it is expected to spare until
// some time, by how long it is expected to be idle until then. It is the index of
// Gittins (1979) for one that may be given up at any time.
func worthKeeping(own *histogram, lost int, all *gaps, penalty, idle time.Duration) float64 {
	weight, from := priorWeight(all), bucket(idle)
	beyond := float64(lost) + float64(weight*float64(all.lost))
	for i := from; i < len(own.counts); i++ {
		beyond += float64(own.counts[i]) + float64(weight*float64(all.counts[i]))
	}
	within, wanted, best := 0.0, 0.0, 0.0
	for i := from; i < len(own.counts); i++ {
		n := float64(own.counts[i]) + float64(weight*float64(all.counts[i]))
		if n == 0 {
			continue
		}
		keep := float64(max(upper(i)-idle, time.Millisecond))
		within += float64(n * keep)
		beyond -= n
		wanted += n
		best = max(best, float64(wanted*float64(penalty))/(within+float64(max(0, beyond)*keep)))
	}
	return min(best, 1e12)
}

// priorWeight is what one gap of all counts beside the function's own.
func priorWeight(all *gaps) float64 {
	if n := int(all.total) + all.lost; n > 0 {
		return priorGaps / float64(n)
	}
	return 0
}

// priorGaps is for how many gaps of its own a function believes in those of all.
const priorGaps = 2

// median is a lower bound of the upper half of the durations.
func (h *histogram) median() time.Duration {
	if b := h.bucketAt(50); b > 0 {
		return upper(b - 1)
	}
	return 0
}

func (h *histogram) bucketAt(percent int) int {
	rank := (int(h.total)*percent + 99) / 100
	for i, n := range h.counts {
		if rank -= int(n); rank <= 0 {
			return i
		}
	}
	return len(h.counts) - 1
}

func bucket(d time.Duration) int {
	x := uint64(max(0, d)) / histogramUnit
	if x < 2 {
		return int(x)
	}
	octave := bits.Len64(x) - 1
	return min(2*octave+int(x>>(octave-1)&1), 55)
}

func upper(bucket int) time.Duration {
	if bucket < 2 {
		return time.Duration(bucket+1) * histogramUnit
	}
	octave, half := bucket/2, bucket%2
	return time.Duration((3+half)<<(octave-1)) * histogramUnit
}

// state writes the counts that are not zero: most are.
func (h *histogram) state(c *engine.Codec) {
	used := 0
	for _, n := range h.counts {
		if n > 0 {
			used++
		}
	}
	used = c.Len(used)
	if !c.Reading() {
		for i := range h.counts {
			if h.counts[i] > 0 {
				engine.Int(c, &i)
				engine.Int(c, &h.counts[i])
			}
		}
		return
	}
	for range used {
		var i int
		engine.Int(c, &i)
		if i < 0 || i >= len(h.counts) {
			c.Fail("no bucket %d", i)
			return
		}
		engine.Int(c, &h.counts[i])
		h.total += h.counts[i]
	}
}
