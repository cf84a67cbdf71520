package trace

import (
	"fmt"
	"math"
	"math/rand/v2"

	"go.yaml.in/yaml/v3"
)

// Range is a distribution over [Min, Max] with that Mean: a beta distribution
// whose two shapes add up to 4, so that it has a hump where the mean is in the
// middle and a long tail where it is near an end. Equal ends are a fixed value.
type Range struct {
	Min  float64 `yaml:"min"`
	Mean float64 `yaml:"mean"`
	Max  float64 `yaml:"max"`
}

// UnmarshalYAML reads {min, mean, max}, or a number for a fixed value.
func (r *Range) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		var fixed float64
		if err := node.Decode(&fixed); err != nil {
			return err
		}
		*r = Range{fixed, fixed, fixed}
		return nil
	}
	// Decoding into a map keeps the strictness that a nested decoder drops.
	var ends map[string]float64
	if err := node.Decode(&ends); err != nil {
		return err
	}
	for _, key := range []string{"min", "mean", "max"} {
		if _, ok := ends[key]; !ok {
			return fmt.Errorf("line %d: want a number or {min, mean, max}, and %s is missing", node.Line, key)
		}
	}
	if len(ends) != 3 {
		return fmt.Errorf("line %d: want a number or {min, mean, max} and nothing else", node.Line)
	}
	*r = Range{ends["min"], ends["mean"], ends["max"]}
	return nil
}

// check says what is wrong with the range, its least legal value being least.
func (r Range) check(least float64) error {
	for _, v := range []float64{r.Min, r.Mean, r.Max} {
		if math.IsNaN(v) || v > maxFigure {
			return fmt.Errorf("%v is not a number up to %g", v, float64(maxFigure))
		}
	}
	if r.Min < least {
		return fmt.Errorf("min %v is below %v", r.Min, least)
	}
	if r.Min > r.Mean || r.Mean > r.Max {
		return fmt.Errorf("want min ≤ mean ≤ max, got %v, %v, %v", r.Min, r.Mean, r.Max)
	}
	return nil
}

// maxFigure bounds every figure of a file, so that no sum of them overflows.
const maxFigure = 1e9

// draw makes one value.
func (r Range) draw(rng *rand.Rand) float64 {
	if r.Min == r.Max {
		return r.Min
	}
	const shapes = 4
	mean := (r.Mean - r.Min) / (r.Max - r.Min)
	return r.Min + (r.Max-r.Min)*beta(rng, shapes*mean, shapes*(1-mean))
}

// drawInt makes one whole number. Rounding to the nearest would bend the mean
// near the ends of the range; rounding up as often as the fraction says keeps it.
func (r Range) drawInt(rng *rand.Rand) int {
	return int(math.Floor(r.draw(rng) + rng.Float64()))
}
