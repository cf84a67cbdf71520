package contest

import (
	"math"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
)

const (
	// failedResponse is the least response that a failed call counts, and leastWork the
	// least response and work of a slowdown: as in the simulator, so that they compare.
	failedResponse = time.Minute
	leastWork      = time.Millisecond
	// totalPoints and functionPoints are how many points distributions have at most.
	totalPoints    = 200
	functionPoints = 60
)

// latencies are the times of calls, all of them, so that quantiles are exact.
// Schedule and execution are of successful calls.
type latencies struct {
	schedule, execution, response []time.Duration
	slowdown                      []float64
}

func newLatencies() *latencies { return &latencies{} }

func (l *latencies) add(rec *replay.Record) {
	response := rec.Response
	if rec.Error == "" {
		l.schedule = append(l.schedule, rec.Schedule)
		l.execution = append(l.execution, rec.Execution)
	} else {
		response = max(response, failedResponse)
	}
	l.response = append(l.response, response)
	l.slowdown = append(l.slowdown, float64(max(response, leastWork))/float64(max(rec.Work, leastWork)))
}

func (l *latencies) sort() {
	slices.Sort(l.schedule)
	slices.Sort(l.execution)
	slices.Sort(l.response)
	slices.Sort(l.slowdown)
}

func (l *latencies) meanSlowdown() float64 {
	sum := 0.0
	for _, v := range l.slowdown {
		sum += v
	}
	return sum / max(1, float64(len(l.slowdown)))
}

// mean is 0 of none.
func mean(of []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, d := range of {
		sum += d
	}
	return sum / time.Duration(max(1, len(of)))
}

// percentile is the smallest of the sorted values that so many percent do not
// exceed; 0 of none.
func percentile[T time.Duration | float64](sorted []T, percent int) T {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

// cdf is the distribution of the sorted values in at most so many points and a few
// for the tail, the least and the largest among them.
func cdf(sorted []time.Duration, points int) []report.CDFPoint {
	n := len(sorted)
	shares := []float64{0.995, 0.999, 0.9999, 1}
	for i := range points {
		shares = append(shares, float64(i)/float64(points))
	}
	slices.Sort(shares)
	all := []report.CDFPoint{}
	last := -1
	for _, share := range shares {
		rank := max(0, int(math.Ceil(share*float64(n)))-1)
		if n == 0 || rank == last {
			continue
		}
		last = rank
		all = append(all, report.CDFPoint{MS: millis(sorted[rank]), Share: float64(rank+1) / float64(n)})
	}
	return all
}
