package main

import (
	"fmt"
	"time"
)

// longest is what any duration of a bench may be: longer ones are slips.
const longest = 24 * time.Hour

// within is the fault of a flag's value that is not from low to high; NaN never is.
func within[T int | float64 | time.Duration](flag string, v, low, high T) error {
	if v >= low && v <= high {
		return nil
	}
	return fmt.Errorf("--%s %v: want %v to %v", flag, v, low, high)
}
