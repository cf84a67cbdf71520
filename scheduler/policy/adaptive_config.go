package policy

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// AdaptiveConfig holds the knobs of Adaptive. The zero value of a field means
// its default.
type AdaptiveConfig struct {
	// LatencyWeight and ResourceWeight say how much a slowdown counts against
	// memory held: their ratio is the exchange rate. Default 0.75 and 0.25.
	LatencyWeight, ResourceWeight float64
	// ColdStart is taken for the cold start of a function while none has been
	// seen of any. Default 500 ms.
	ColdStart time.Duration
	// MaxShare is the most calls that a container is learned to share. Default 64.
	MaxShare int
	// Enlarge lets functions have a limit beyond the declared one, for the CPU that goes
	// with it, where nobody relies on what is declared as a limit.
	Enlarge bool
	// Without switches parts off, to see what each is good for.
	Without Part
}

// Part is a set of parts of Adaptive.
type Part uint8

// Parts that can be switched off.
const (
	Waiting     Part = 1 << iota // for busy containers, where that costs less than making one
	Sharing                      // of containers by calls, unless the function declares it
	RightSizing                  // of memory
	Prewarming                   // ahead of periodic calls
	Pricing                      // of keep-alives: without it they last 600 s
	Ranking                      // of what to evict: without it the longest idle goes
	Displacing                   // of others' containers, as a cost of making one
)

// Validate reports every fault at once.
func (c AdaptiveConfig) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.LatencyWeight >= 0 && c.LatencyWeight <= 1e9, "latency weight: must be between 0 and 1e9, is %v", c.LatencyWeight)
	check(c.ResourceWeight >= 0 && c.ResourceWeight <= 1e9, "resource weight: must be between 0 and 1e9, is %v", c.ResourceWeight)
	check(c.ColdStart >= 0, "cold start: must not be negative, is %v", c.ColdStart)
	check(c.MaxShare >= 0 && c.MaxShare <= math.MaxInt16/2, "max share: must be between 0 and %d, is %d", math.MaxInt16/2, c.MaxShare)
	return errors.Join(errs...)
}

func (c AdaptiveConfig) withDefaults() AdaptiveConfig {
	orDefault(&c.LatencyWeight, 0.75)
	orDefault(&c.ResourceWeight, 0.25)
	orDefault(&c.ColdStart, 500*time.Millisecond)
	orDefault(&c.MaxShare, 64)
	return c
}

func (c *AdaptiveConfig) has(p Part) bool { return c.Without&p == 0 }

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
