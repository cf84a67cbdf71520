package policies

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }

// By hand: the values 2, 4, 4, 6 have the mean 4, the sum of squares 8, hence a
// standard error of √(8/3/4); with three degrees of freedom t is 3.182.
func TestEstimate(t *testing.T) {
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
		if e := newEstimate(c.values); !near(e.mean, c.mean) || !near(e.half, c.half) {
			t.Errorf("%v: %v, want %v ± %v", c.values, e, c.mean, c.half)
		}
	}
	many := make([]float64, 100)
	many[0] = 100
	if e := newEstimate(many); !near(e.half, 2.086*math.Sqrt((99*99+99)/99.0/100)) {
		t.Errorf("of 100 values: %v", e)
	}
}

// What differs from seed to seed goes out of a difference that does not.
func TestPaired(t *testing.T) {
	d := paired([]float64{11, 51, 102}, []float64{10, 50, 100})
	if !near(d.mean, 4.0/3) || !near(d.half, 4.303*math.Sqrt(2.0/3/2/3)) {
		t.Error(d)
	}
	for _, c := range []struct {
		e    estimate
		sure bool
	}{{estimate{1, 0.9}, true}, {estimate{-1, 0.9}, true}, {estimate{1, 1.1}, false}, {estimate{1, math.NaN()}, false}, {estimate{0, 0}, false}} {
		if c.e.sure() != c.sure {
			t.Errorf("%v: sure %v", c.e, !c.sure)
		}
	}
}

func TestReach(t *testing.T) {
	curve := []point{{"", 1, 90}, {"", 2, 50}, {"", 4, 10}, {"", 5, 30}}
	for x, want := range map[float64]float64{0.5: math.Inf(1), 1: 90, 1.5: 70, 3: 30, 4: 10, 9: 10} {
		if got := reach(curve, x); got != want && !near(got, want) {
			t.Errorf("at %v: %v, want %v", x, got, want)
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 3: "3", 1.234: "1.23", 9.996: "10.0", 45.67: "45.7", 99.96: "100", 1234.5: "1,234", -1234567: "-1,234,567", -0.5: "-0.50", 12: "12.0",
	} {
		if got := digits(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
