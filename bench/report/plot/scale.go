package plot

import "math"

// Scale says where values are drawn: Low at From, High at To, and those beyond
// at the nearer end. High must be more than Low, and on a logarithmic scale Low more than 0.
type Scale struct {
	Low, High float64
	From, To  float64
	Log       bool
}

// At is where v is drawn.
func (s Scale) At(v float64) float64 {
	v = min(max(v, s.Low), s.High)
	share := (v - s.Low) / (s.High - s.Low)
	if s.Log {
		share = math.Log(v/s.Low) / math.Log(s.High/s.Low)
	}
	return s.From + share*(s.To-s.From)
}

// Ticks are round values within the scale: on a logarithmic one powers of ten,
// with 2 and 5 times them in a short one; else multiples of 1, 2 or 5 times a power
// of ten, at most as many as told.
func (s Scale) Ticks(most int) []float64 {
	if s.Log {
		return s.logTicks()
	}
	step := math.Pow(10, math.Floor(math.Log10((s.High-s.Low)/float64(most))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if first, last := s.multiples(step * factor); last-first < float64(most) {
			step *= factor
			break
		}
	}
	var ticks []float64
	first, last := s.multiples(step)
	for i := first; i <= last; i++ {
		ticks = append(ticks, i*step+0) // + 0: not -0
	}
	return ticks
}

// multiples are the first and the last factor of step within the scale. Ends
// that are multiples but for rounding are within.
func (s Scale) multiples(step float64) (first, last float64) {
	const slack = 1e-9
	return math.Ceil(s.Low/step - slack), math.Floor(s.High/step + slack)
}

func (s Scale) logTicks() []float64 {
	digits := []float64{1}
	if s.High < 200*s.Low {
		digits = []float64{1, 2, 5}
	}
	var ticks []float64
	const slack = 1 + 1e-9
	for power := math.Floor(math.Log10(s.Low)); power <= math.Ceil(math.Log10(s.High)); power++ {
		for _, digit := range digits {
			if v := digit * math.Pow(10, power); v*slack >= s.Low && v <= s.High*slack {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}
