package policies

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// span is what an axis shows.
type span struct{ low, high float64 }

// spanOf holds all that must be shown, and of the others those that are no more
// than beyond times the largest of it: a policy far off would leave no room for the rest.
func spanOf(must, others []float64, beyond float64) span {
	s := span{slices.Min(must), slices.Max(must)}
	most := s.high * beyond
	for _, v := range others {
		if v <= most {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	margin := math.Pow(s.high/s.low, 0.05)
	if margin < 1.002 {
		margin = 1.002
	}
	return span{s.low / margin, s.high * margin}
}

// clamp is where a value is shown, and whether that is its place.
func (s span) clamp(v float64) (float64, bool) {
	at := min(max(v, s.low), s.high)
	return at, at == v
}

// wide tells whether a logarithmic axis shows the span better.
func (s span) wide() bool { return s.high > 3*s.low }

// set makes the axis show the span.
func (s span) set(a *plot.Axis) {
	a.Min, a.Max = s.low, s.high
	if s.wide() {
		a.Scale = plot.LogScale{}
		a.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick { return logTicks(low, high) })
	}
}

// logTicks are at 1, 2 and 5 times the powers of ten.
func logTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Ceil(math.Log10(high)); power++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, power); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: digits(v)})
			}
		}
	}
	return ticks
}
