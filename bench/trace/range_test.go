package trace

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDrawKeepsEndsAndMean(t *testing.T) {
	for _, r := range []Range{
		between(5, 5, 5),
		between(0, 5, 10),
		between(0.02, 9.5, 86.8),
		between(209, 8923, 9002),
		between(0.02, 0.1, 3.5),
		between(1, 19.4, 21),
		between(1, 1, 9),
		between(1, 9, 9),
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

func TestLogNormal(t *testing.T) {
	r := logNormal(684, 2.36, 120_000)
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 100_000
	var below, sum, squares float64
	for range n {
		v := r.draw(rng)
		if v <= 0 || v > r.Max {
			t.Fatalf("drew %v", v)
		}
		if v < r.Median {
			below++
		}
		sum += math.Log(v)
		squares += math.Log(v) * math.Log(v)
	}
	// What is above the maximum, 1.4 %, is missing above the median.
	if share := below / n; math.Abs(share-0.5/0.986) > 0.006 {
		t.Errorf("%v of the draws are below the median", share)
	}
	// Cut at 2.19 sigma, a normal distribution keeps 0.958 of its sigma.
	if sigma := math.Sqrt(squares/n - sum/n*sum/n); math.Abs(sigma-0.958*2.36) > 0.03 {
		t.Errorf("sigma %v", sigma/2.36)
	}
	if r.Mean < 684 || r.Mean > 120_000 {
		t.Errorf("mean %v", r.Mean)
	}
}

func TestNormalAndExponentialHaveTheirMoments(t *testing.T) {
	for name, tt := range map[string]struct {
		draw           func(*rand.Rand) float64
		mean, variance float64
	}{
		"normal":      {normal, 0, 1},
		"exponential": {exponential, 1, 1},
	} {
		rng := rand.New(rand.NewPCG(7, 8))
		const n = 200_000
		var sum, squares float64
		for range n {
			v := tt.draw(rng)
			sum += v
			squares += v * v
		}
		mean := sum / n
		if math.Abs(mean-tt.mean) > 0.01 || math.Abs(squares/n-mean*mean-tt.variance) > 0.03 {
			t.Errorf("%s: mean %v, variance %v", name, mean, squares/n-mean*mean)
		}
	}
}
