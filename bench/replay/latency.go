package replay

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is a distribution in two figures, right to 1 %. Both are 0 if there
// was nothing to measure.
type Latency struct{ P50, P99 time.Duration }

// histogram holds durations from a microsecond to ten minutes, 23 KiB whatever their
// number: hundreds of functions have three of them each.
type histogram struct{ h *hdrhistogram.Histogram }

const (
	longest = 10 * time.Minute
	digits  = 2
)

func newHistogram() histogram {
	return histogram{hdrhistogram.New(1, longest.Microseconds(), digits)}
}

func (h histogram) add(d time.Duration) {
	// Clamped to its range, a histogram refuses no value.
	_ = h.h.RecordValue(min(max(0, d), longest).Microseconds())
}

func (h histogram) merge(other histogram) { h.h.Merge(other.h) }

func (h histogram) latency() Latency { return Latency{P50: h.at(50), P99: h.at(99)} }

func (h histogram) at(percentile float64) time.Duration {
	return time.Duration(h.h.ValueAtPercentile(percentile)) * time.Microsecond
}
