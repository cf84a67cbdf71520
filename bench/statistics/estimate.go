// Package statistics says how sure a mean is that was taken of a few runs.
package statistics

import "math"

// Estimate is a mean with the half width of its 95 % confidence interval; the
// latter is NaN for less than two values, and both are for none.
type Estimate struct{ Mean, Half float64 }

// studentT has the 97.5 % quantiles of Student's t for 1, 2, … degrees of
// freedom (any statistics book). Beyond the last one it is taken for the
// others: a little too wide.
var studentT = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
}

// quantile is of that many degrees of freedom; what is between two has the lower one's.
func quantile(degrees float64) float64 {
	return studentT[min(max(int(degrees), 1), len(studentT))-1]
}

// Of estimates the mean of which the values are a sample.
func Of(values []float64) Estimate {
	n := float64(len(values))
	mean, variance := moments(values)
	if len(values) < 2 {
		return Estimate{mean, math.NaN()}
	}
	return Estimate{mean, quantile(n-1) * math.Sqrt(variance/n)}
}

// moments are the mean and the variance of a sample.
func moments(values []float64) (mean, variance float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n // NaN of none
	for _, v := range values {
		variance += float64((v - mean) * (v - mean))
	}
	return mean, variance / (n - 1)
}

// Paired is the difference a - b, pair by pair: what is common to a pair, as the
// calls that a seed makes, goes out of it.
func Paired(a, b []float64) Estimate {
	differences := make([]float64, min(len(a), len(b)))
	for i := range differences {
		differences[i] = a[i] - b[i]
	}
	return Of(differences)
}

// Unpaired is the difference of the means of two samples that have nothing to do
// with each other, by Welch (1947): their variances may differ.
func Unpaired(a, b []float64) Estimate {
	meanA, varianceA := moments(a)
	meanB, varianceB := moments(b)
	if len(a) < 2 || len(b) < 2 {
		return Estimate{meanA - meanB, math.NaN()}
	}
	ofA, ofB := varianceA/float64(len(a)), varianceB/float64(len(b))
	if ofA+ofB == 0 {
		return Estimate{meanA - meanB, 0}
	}
	degrees := (ofA + ofB) * (ofA + ofB) / (float64(ofA*ofA)/float64(len(a)-1) + float64(ofB*ofB)/float64(len(b)-1))
	return Estimate{meanA - meanB, quantile(degrees) * math.Sqrt(ofA+ofB)}
}

// Sure tells whether the interval leaves out 0. What is not known is not sure.
func (e Estimate) Sure() bool { return math.Abs(e.Mean) > e.Half }
