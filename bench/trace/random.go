package trace

import (
	"math"
	"math/rand/v2"

	"github.com/minifaas/minifaas/internal/portable"
)

// A seed makes the same calls on every processor architecture. So logarithms
// and powers are those of package portable, and a product that is added to
// something is converted to float64, which keeps compilers from fusing the two.

// normal draws from the standard normal distribution by the polar method of
// Marsaglia and Bray (1964). NormFloat64 would take the logarithms of package
// math in its tails.
func normal(rng *rand.Rand) float64 {
	for {
		u, v := float64(2*rng.Float64())-1, float64(2*rng.Float64())-1
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			return float64(u * math.Sqrt(-2*portable.Log(s)/s))
		}
	}
}

// exponential draws from the exponential distribution of mean 1.
func exponential(rng *rand.Rand) float64 {
	return -portable.Log(1 - rng.Float64())
}

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
		return float64(gamma(rng, shape+1) * portable.Pow(1-rng.Float64(), 1/shape))
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := normal(rng)
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = float64(v * v * v)
		if portable.Log(1-rng.Float64()) < float64(x*x/2)+float64(d*(1-v+portable.Log(v))) {
			return float64(d * v)
		}
	}
}
