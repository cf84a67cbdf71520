package trace

import (
	"fmt"
	"math"
	"math/rand/v2"

	"go.yaml.in/yaml/v3"

	"github.com/minifaas/minifaas/internal/portable"
)

// Range is a distribution. It has three forms: one value, a beta distribution
// between two ends, and a log-normal one.
type Range struct {
	// Min, Mean and Max make a beta distribution over [Min, Max] with that
	// mean. Its two shapes add up to 4, so that it has a hump where the mean
	// is in the middle and a long tail where it is near an end. Equal ends are
	// a fixed value.
	Min, Mean, Max float64
	// A Sigma above 0 makes it log-normal: the logarithms (to base e) have
	// that standard deviation. What is above Max is drawn again. Mean is then
	// not less than what the draws average to, and Min is 0.
	Median, Sigma float64
}

func fixed(v float64) Range { return Range{Min: v, Mean: v, Max: v} }

func between(low, mean, high float64) Range { return Range{Min: low, Mean: mean, Max: high} }

func logNormal(median, sigma, high float64) Range {
	mean := median * portable.Exp(float64(sigma*sigma/2))
	return Range{Mean: min(mean, high), Max: high, Median: median, Sigma: sigma}
}

// UnmarshalYAML reads a number for a fixed value, {min, mean, max} or {median, sigma, max}.
func (r *Range) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		var v float64
		if err := node.Decode(&v); err != nil {
			return err
		}
		*r = fixed(v)
		return nil
	}
	// Decoding into a map keeps the strictness that a nested decoder drops.
	var figures map[string]float64
	if err := node.Decode(&figures); err != nil {
		return err
	}
	keys := []string{"min", "mean", "max"}
	_, isLogNormal := figures["sigma"]
	if isLogNormal {
		keys = []string{"median", "sigma", "max"}
	}
	const want = "want a number, {min, mean, max} or {median, sigma, max}"
	for _, key := range keys {
		if _, ok := figures[key]; !ok {
			return fmt.Errorf("line %d: %s, and %s is missing", node.Line, want, key)
		}
	}
	if len(figures) != len(keys) {
		return fmt.Errorf("line %d: %s and nothing else", node.Line, want)
	}
	if !isLogNormal {
		*r = between(figures["min"], figures["mean"], figures["max"])
		return nil
	}
	if sigma := figures["sigma"]; !(sigma > 0 && sigma <= maxSigma) {
		return fmt.Errorf("line %d: sigma %v is not within (0, %v]", node.Line, sigma, maxSigma)
	}
	*r = logNormal(figures["median"], figures["sigma"], figures["max"])
	return nil
}

// check says what is wrong with the range, its least legal value being least.
func (r Range) check(least float64) error {
	for _, v := range []float64{r.Min, r.Mean, r.Max, r.Median} {
		if math.IsNaN(v) || v > maxFigure {
			return fmt.Errorf("%v is not a number up to %g", v, float64(maxFigure))
		}
	}
	if r.Sigma > 0 {
		if r.Median < least || r.Median <= 0 || r.Median > r.Max {
			return fmt.Errorf("median %v is not within [%v, max %v], or is 0", r.Median, least, r.Max)
		}
		return nil
	}
	if r.Min < least {
		return fmt.Errorf("min %v is below %v", r.Min, least)
	}
	if r.Min > r.Mean || r.Mean > r.Max {
		return fmt.Errorf("want min ≤ mean ≤ max, got %v, %v, %v", r.Min, r.Mean, r.Max)
	}
	return nil
}

const (
	// maxFigure bounds every figure of a file, so that no sum of them overflows.
	maxFigure = 1e9
	// maxSigma is more than any published one, and e to half its square is still a figure.
	maxSigma = 5
)

// isFixed reports whether all draws are the same.
func (r Range) isFixed() bool { return r.Min == r.Max && r.Sigma == 0 }

// draw makes one value.
func (r Range) draw(rng *rand.Rand) float64 {
	switch {
	case r.isFixed():
		return r.Min
	case r.Sigma > 0:
		mu := portable.Log(r.Median)
		for { // the median is below Max: two rounds on average at most
			if v := portable.Exp(mu + float64(r.Sigma*normal(rng))); v <= r.Max {
				return v
			}
		}
	}
	const shapes = 4
	mean := (r.Mean - r.Min) / (r.Max - r.Min)
	return r.Min + float64((r.Max-r.Min)*beta(rng, shapes*mean, shapes*(1-mean)))
}

// drawInt makes one whole number, not below Min. Rounding to the nearest would
// bend the mean near the ends of the range; rounding up as often as the
// fraction says keeps it.
func (r Range) drawInt(rng *rand.Rand) int {
	return int(math.Floor(r.draw(rng) + rng.Float64()))
}
