package policies

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }

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
