package shadow

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// meter counts calls, of the live platform and of simulations alike.
type meter struct {
	calls, failures, cold int
	slowdowns             float64
	rated                 int // calls whose slowdown is known
	histogram             *hdrhistogram.Histogram
}

const (
	// failedResponse is the least response that a failed call counts.
	failedResponse = time.Minute
	// leastWork is the least response and the least work alone that count.
	leastWork = time.Millisecond
	// Slowdowns are counted in thousandths, up to a million, right to 1 %.
	slowdownUnit    = 1000
	largestSlowdown = 1_000_000 * slowdownUnit
	slowdownDigits  = 2
)

func newMeter() meter {
	return meter{histogram: hdrhistogram.New(1, largestSlowdown, slowdownDigits)}
}

// count counts a call that has ended. alone is how long it would have taken by
// itself; 0: nobody knows.
func (m *meter) count(response, alone time.Duration, cold, failed bool) {
	m.calls++
	if cold {
		m.cold++
	}
	if failed {
		m.failures++
		response = max(response, failedResponse)
	}
	if alone <= 0 {
		return
	}
	slowdown := float64(max(response, leastWork)) / float64(max(alone, leastWork))
	m.slowdowns += slowdown
	m.rated++
	// Clamped to its range, a histogram refuses no value.
	_ = m.histogram.RecordValue(min(max(1, int64(slowdown*slowdownUnit)), largestSlowdown))
}

// fill writes what was counted into the run.
func (m *meter) fill(r *Run) {
	r.Calls, r.Failures, r.ColdStarts = m.calls, m.failures, m.cold
	if m.rated > 0 {
		r.MeanSlowdown = m.slowdowns / float64(m.rated)
		r.P99Slowdown = float64(m.histogram.ValueAtQuantile(99)) / slowdownUnit
	}
}
