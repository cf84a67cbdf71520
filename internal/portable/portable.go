// Package portable computes logarithms and powers with the same bits on every
// architecture. Package math does not: it has assembly for some of them, and on
// others the compiler fuses products with sums, which rounds once instead of twice.
//
// The series are Taylor's, on intervals small enough for them. Every product that
// is added is converted to float64 explicitly, which the Go specification
// (Floating-point operators) makes a rounding, so that nothing is fused.
package portable

import "math"

// log 2 in two parts: the first has 33 bits, so that its product with any
// exponent of a float64 is exact.
const (
	ln2High = 0x1.62e42fee00000p-1
	ln2Low  = math.Ln2 - ln2High
)

// Log is the natural logarithm of x, to within 1e-15 of it. That of 0 is -Inf, that of a
// negative number NaN.
func Log(x float64) float64 {
	switch {
	case x < 0 || math.IsNaN(x):
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	// x = m × 2^k with √½ ≤ m < √2, and log m = 2 artanh s = 2s (1 + s²/3 + s⁴/5 + …)
	// with s = (m-1)/(m+1), |s| < 0.172. The first term left out is below 1e-18.
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		k--
	}
	s := (m - 1) / (m + 1)
	square := float64(s * s)
	sum := 0.0
	for n := 23; n >= 3; n -= 2 {
		sum = float64((sum + 1/float64(n)) * square)
	}
	e := float64(k)
	return float64(e*ln2High) + (float64(2*s) + (float64(2*s*sum) + float64(e*ln2Low)))
}

// Exp is e to the x, to within 1e-15 of it; +Inf or 0 where float64 ends.
func Exp(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return math.NaN()
	case x > 710:
		return math.Inf(1)
	case x < -746:
		return 0
	}
	// x = k log 2 + r with |r| ≤ 0.347, and e^r = 1 + r (1 + r/2 (1 + r/3 (…))). The
	// first term left out is below 1e-19.
	k := math.Floor(float64(x/math.Ln2) + 0.5)
	r := (x - float64(k*ln2High)) - float64(k*ln2Low)
	sum := 1.0
	for n := 14.0; n >= 1; n-- {
		sum = 1 + float64(r*sum)/n
	}
	return math.Ldexp(sum, int(k))
}

// Pow is x to the y, to within 2e-15 × (1 + |y log x|) of it. Unlike math.Pow it is NaN
// for every negative x; anything to the 0, and 1 to anything, is 1.
func Pow(x, y float64) float64 {
	switch {
	case x == 1 || y == 0:
		return 1
	case x < 0 || math.IsNaN(x) || math.IsNaN(y):
		return math.NaN()
	}
	return Exp(float64(y * Log(x)))
}
