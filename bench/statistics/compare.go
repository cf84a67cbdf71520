package statistics

import (
	"math"

	"github.com/minifaas/minifaas/internal/portable"
)

// Ratio is how many times as much, from Low to High with 95 % confidence; these two
// are NaN where they are not known.
type Ratio struct{ Mean, Low, High float64 }

// Difference is a - b, pair by pair or of the means. Its interval is not known for a
// single value, nor for two that do not spread at all: counts of two runs agree by
// chance too often to be taken for a spread of nothing.
func Difference(a, b []float64, paired bool) Estimate {
	e := Unpaired(a, b)
	if paired {
		e = Paired(a, b)
	}
	const rounding = 1e-9
	if min(len(a), len(b)) < 3 && e.Half <= rounding*math.Abs(e.Mean) {
		e.Half = math.NaN()
	}
	return e
}

// Compare is how many times b is a, in the geometric mean, and the difference of the
// logarithms from which it comes: the ratio's interval leaves out 1 if and only if that
// difference is sure. b by a is the same, upside down. All values must be above 0.
func Compare(a, b []float64, paired bool) (logs Estimate, ratio Ratio) {
	logs = Difference(logarithms(a), logarithms(b), paired)
	return logs, Ratio{portable.Exp(logs.Mean), portable.Exp(logs.Mean - logs.Half), portable.Exp(logs.Mean + logs.Half)}
}

func logarithms(values []float64) []float64 {
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = portable.Log(v)
	}
	return logs
}
