package trace

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDrawKeepsEndsAndMean(t *testing.T) {
	for _, r := range []Range{
		{5, 5, 5},
		{0, 5, 10},
		{0.02, 9.5, 86.8},
		{209, 8923, 9002},
		{0.02, 0.1, 3.5},
		{1, 19.4, 21},
		{1, 1, 9},
		{1, 9, 9},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		const n = 100_000
		var sum, whole float64
		for range n {
			v := r.draw(rng)
			if v < r.Min || v > r.Max {
				t.Fatalf("%+v: drew %v", r, v)
			}
			sum += v
			whole += float64(r.drawInt(rng))
		}
		// A beta variate with shapes a+b=4 has variance m(1-m)/5 of the squared width.
		m := 0.0
		if r.Max > r.Min {
			m = (r.Mean - r.Min) / (r.Max - r.Min)
		}
		sigma := (r.Max - r.Min) * math.Sqrt(m*(1-m)/5/n)
		if math.Abs(sum/n-r.Mean) > 4*sigma {
			t.Errorf("%+v: mean %v", r, sum/n)
		}
		if math.Abs(whole/n-r.Mean) > 4*(sigma+0.5/math.Sqrt(n)) {
			t.Errorf("%+v: mean of whole numbers %v", r, whole/n)
		}
	}
}

func TestBetaHasItsVariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, shape := range []float64{0.04, 0.5, 2, 3.5} {
		const n = 200_000
		var sum, squares float64
		for range n {
			v := beta(rng, shape, 4-shape)
			sum += v
			squares += v * v
		}
		m := shape / 4
		got, want := squares/n-sum/n*sum/n, m*(1-m)/5
		if math.Abs(got-want) > 0.05*want {
			t.Errorf("shape %v: variance %v, want %v", shape, got, want)
		}
	}
}
