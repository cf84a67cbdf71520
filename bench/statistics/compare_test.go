package statistics

import (
	"math"
	"testing"
)

// By hand: ratios of 2, 4 and 8 have the geometric mean 4, and logarithms that are
// log 2 apart: with two degrees of freedom the interval is 4 · 2^(±4.303/√3).
func TestCompare(t *testing.T) {
	factor := math.Pow(2, 4.303/math.Sqrt(3))
	logs, r := Compare([]float64{20, 4, 80}, []float64{10, 1, 10}, true)
	if !near(r.Mean, 4) || !near(r.Low, 4/factor) || !near(r.High, 4*factor) || logs.Sure() {
		t.Errorf("%v, want 4 from %v to %v", r, 4/factor, 4*factor)
	}
	_, back := Compare([]float64{10, 1, 10}, []float64{20, 4, 80}, true)
	if !near(back.Mean, 1/r.Mean) || !near(back.Low, 1/r.High) || !near(back.High, 1/r.Low) {
		t.Errorf("upside down: %v of %v", back, r)
	}
	if _, r := Compare([]float64{8, 2}, []float64{1, 1, 1}, false); !near(r.Mean, 4) || !near(r.High, 4*math.Exp(12.706*math.Log(2))) {
		t.Errorf("unpaired: %v", r)
	}
	if logs, r := Compare([]float64{3}, []float64{2}, true); !near(r.Mean, 1.5) || !math.IsNaN(r.Low) || logs.Sure() {
		t.Errorf("of single values: %v", r)
	}
}

// Two differences that are the same say nothing of the spread; three do.
func TestDifferenceWithoutSpread(t *testing.T) {
	for _, c := range []struct {
		a, b   []float64
		paired bool
		sure   bool
	}{
		{[]float64{1, 2}, []float64{0, 1}, true, false},
		{[]float64{1, 1}, []float64{0, 0, 0}, false, false},
		{[]float64{1, 2, 3}, []float64{0, 1, 2}, true, true},
	} {
		if e := Difference(c.a, c.b, c.paired); !near(e.Mean, 1) || e.Sure() != c.sure {
			t.Errorf("%v - %v: %v, sure %v", c.a, c.b, e, e.Sure())
		}
	}
}
