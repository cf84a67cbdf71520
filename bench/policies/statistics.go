package policies

import "math"

// estimate is the mean of a figure over seeds, with the half width of its 95 %
// confidence interval; that is NaN for less than two values.
type estimate struct{ mean, half float64 }

// studentT has the 97.5 % quantiles of Student's t for 1, 2, … degrees of
// freedom (any statistics book). Beyond the last one it is taken for the
// others: a little too wide.
var studentT = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
}

func newEstimate(values []float64) estimate {
	n := len(values)
	if n == 0 {
		return estimate{math.NaN(), math.NaN()}
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(n)
	if n == 1 {
		return estimate{mean, math.NaN()}
	}
	squares := 0.0
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	t := studentT[min(n-1, len(studentT))-1]
	return estimate{mean, t * math.Sqrt(squares/float64(n-1)/float64(n))}
}

// paired is the difference a - b, seed by seed: what a seed does to both goes out of it.
func paired(a, b []float64) estimate {
	differences := make([]float64, min(len(a), len(b)))
	for i := range differences {
		differences[i] = a[i] - b[i]
	}
	return newEstimate(differences)
}

// sure tells whether the interval leaves out 0. A single seed makes nothing sure.
func (e estimate) sure() bool { return math.Abs(e.mean) > e.half }
