package portable

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// off is how far got is from want, as a part of want.
func off(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / math.Abs(want)
}

func TestAgainstMath(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var log, exp, pow float64
	for range 200000 {
		anything := math.Ldexp(1+rng.Float64(), rng.IntN(2040)-1020)
		nearOne := 1 + (rng.Float64()-0.5)/1000
		for _, x := range []float64{anything, nearOne, rng.Float64(), 100 * rng.Float64()} {
			log = max(log, off(Log(x), math.Log(x)))
			y := 20 * (rng.Float64() - 0.5)
			if want := math.Pow(x, y); want > 1e-300 && want < 1e300 {
				pow = max(pow, off(Pow(x, y), want)/(1+math.Abs(y*math.Log(x))))
			}
		}
		for _, x := range []float64{1400 * (rng.Float64() - 0.5), rng.Float64() - 0.5, (rng.Float64() - 0.5) / 1e6} {
			exp = max(exp, off(Exp(x), math.Exp(x)))
		}
	}
	t.Logf("greatest errors: log %.1e, exp %.1e, pow %.1e", log, exp, pow)
	if max(log, exp) > 1e-15 || pow > 2e-15 {
		t.Errorf("greatest errors log %v, exp %v, pow %v; want 1e-15, 1e-15, 2e-15", log, exp, pow)
	}
}

func TestLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"log 0", Log(0), -inf}, {"log -1", Log(-1), nan}, {"log inf", Log(inf), inf}, {"log NaN", Log(nan), nan},
		{"log 1", Log(1), 0}, {"log of the smallest", Log(5e-324), -1074 * math.Ln2},
		{"exp 0", Exp(0), 1}, {"exp inf", Exp(inf), inf}, {"exp -inf", Exp(-inf), 0}, {"exp NaN", Exp(nan), nan},
		{"exp 709.8", Exp(709.8), inf}, {"exp -745.2", Exp(-745.2), 0}, {"exp of little", Exp(5e-324), 1},
		{"0^2", Pow(0, 2), 0}, {"0^-2", Pow(0, -2), inf}, {"0^0", Pow(0, 0), 1}, {"1^NaN", Pow(1, nan), 1},
		{"(-8)^2", Pow(-8, 2), nan}, {"NaN^2", Pow(nan, 2), nan}, {"2^NaN", Pow(2, nan), nan},
		{"inf^-1", Pow(inf, -1), 0}, {"2^inf", Pow(2, inf), inf}, {"0.5^inf", Pow(0.5, inf), 0},
	} {
		if test.got != test.want && !(math.IsNaN(test.got) && math.IsNaN(test.want)) {
			t.Errorf("%s is %v, want %v", test.name, test.got, test.want)
		}
	}
}

// TestGolden: the bits are the same on every architecture.
func TestGolden(t *testing.T) {
	const golden = uint64(0xcdc3dedba0f327e1)
	rng := rand.New(rand.NewPCG(2, 1))
	sum := fnv.New64a()
	for range 200000 {
		x := math.Ldexp(1+rng.Float64(), rng.IntN(40)-20)
		y := 20 * (rng.Float64() - 0.5)
		for _, v := range []float64{Log(x), Exp(y), Pow(x, y)} {
			_ = binary.Write(sum, binary.LittleEndian, v)
		}
	}
	if got := sum.Sum64(); got != golden {
		t.Errorf("hash %#x, want %#x", got, golden)
	}
}
