package trace

import (
	"math"
	"math/rand/v2"
)

// beta draws from the beta distribution, as the share of one of two gamma
// variates. A shape of 0 puts all mass at its end of [0, 1].
func beta(rng *rand.Rand, a, b float64) float64 {
	switch {
	case a <= 0:
		return 0
	case b <= 0:
		return 1
	}
	x, y := gamma(rng, a), gamma(rng, b)
	if x+y == 0 { // both shapes tiny, both variates underflowed: it is one end or the other
		if rng.Float64()*(a+b) < a {
			return 1
		}
		return 0
	}
	return x / (x + y)
}

// gamma draws from the gamma distribution of scale 1 by the method of Marsaglia
// and Tsang (2000): squeeze-free rejection from a cubed normal. Below shape 1
// it draws at shape+1 and scales by a power of a uniform variate.
func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(1-rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < x*x/2+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}
