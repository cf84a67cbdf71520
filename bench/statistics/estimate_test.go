package statistics

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }

// By hand: the values 2, 4, 4, 6 have the mean 4, the sum of squares 8, hence a
// standard error of √(8/3/4); with three degrees of freedom t is 3.182.
func TestOf(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values     []float64
		mean, half float64
	}{
		{[]float64{2, 4, 4, 6}, 4, 3.182 * math.Sqrt(8.0/12)},
		{[]float64{1, 3}, 2, 12.706},
		{[]float64{7, 7, 7}, 7, 0},
		{[]float64{5}, 5, nan},
		{nil, nan, nan},
	} {
		if e := Of(c.values); !near(e.Mean, c.mean) || !near(e.Half, c.half) {
			t.Errorf("%v: %v, want %v ± %v", c.values, e, c.mean, c.half)
		}
	}
	many := make([]float64, 100)
	many[0] = 100
	if e := Of(many); !near(e.Half, 2.086*math.Sqrt((99*99+99)/99.0/100)) {
		t.Errorf("of 100 values: %v", e)
	}
}

// What differs from pair to pair goes out of a difference that does not.
func TestPaired(t *testing.T) {
	d := Paired([]float64{11, 51, 102}, []float64{10, 50, 100})
	if !near(d.Mean, 4.0/3) || !near(d.Half, 4.303*math.Sqrt(2.0/3/2/3)) {
		t.Error(d)
	}
}

// By hand: variances 2 and 8 of two values each are 1 and 4 of the means, so that
// Welch's degrees of freedom are 25 / (1 + 16) = 1.47, of which t is taken as of 1.
func TestUnpaired(t *testing.T) {
	if d := Unpaired([]float64{10, 12}, []float64{4, 8}); !near(d.Mean, 5) || !near(d.Half, 12.706*math.Sqrt(5)) {
		t.Error(d)
	}
	if d := Unpaired([]float64{3, 3}, []float64{1, 1, 1}); d != (Estimate{2, 0}) {
		t.Error(d)
	}
	if d := Unpaired([]float64{3}, []float64{1, 2}); !near(d.Mean, 1.5) || !math.IsNaN(d.Half) {
		t.Error(d)
	}
}

func TestSure(t *testing.T) {
	for _, c := range []struct {
		e    Estimate
		sure bool
	}{{Estimate{1, 0.9}, true}, {Estimate{-1, 0.9}, true}, {Estimate{1, 1.1}, false}, {Estimate{1, math.NaN()}, false}, {Estimate{0, 0}, false}} {
		if c.e.Sure() != c.sure {
			t.Errorf("%v: sure %v", c.e, !c.sure)
		}
	}
}
