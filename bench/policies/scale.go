package policies

import (
	"math"
	"slices"
	"strconv"
	"strings"

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
	a.Tick.Marker = plot.TickerFunc(linearTicks)
	if s.wide() {
		a.Scale = plot.LogScale{}
		a.Tick.Marker = plot.TickerFunc(logTicks)
	}
}

// logTicks are at round digits times the powers of ten, more of them in a short span.
func logTicks(low, high float64) []plot.Tick {
	round := []float64{1, 2, 5}
	if high < 30*low {
		round = []float64{1, 1.5, 2, 3, 4, 5, 7}
	}
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(low)); power <= math.Ceil(math.Log10(high)); power++ {
		for _, digit := range round {
			if v := digit * math.Pow(10, power); v >= low && v <= high {
				ticks = append(ticks, tick(v, math.Pow(10, power)/10))
			}
		}
	}
	return ticks
}

// linearTicks are four to ten multiples of 1, 2 or 5 times a power of ten.
func linearTicks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, factor := range []float64{5, 2} {
		if (high-low)/(step*factor) >= 4 {
			step *= factor
			break
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		ticks = append(ticks, tick(i*step, step))
	}
	return ticks
}

// tick is labelled with as many decimals as its step has.
func tick(v, step float64) plot.Tick {
	decimals := max(0, int(-math.Floor(math.Log10(step))))
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return plot.Tick{Value: v, Label: text}
}
