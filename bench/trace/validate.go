package trace

import (
	"errors"
	"fmt"
	"time"
)

// Limits of a specification, which keep a slip of the pen from filling the memory.
const (
	// maxCalls is more than any replay sends, and can still be counted through in a minute.
	maxCalls = 1e8
	// maxFunctions is as many as a scheduler is to know.
	maxFunctions = 1_000_000
	// maxLength keeps offsets far from overflow; the longest public trace has 14 days.
	maxLength = 366 * 24 * time.Hour
)

// Validate reports every fault of the specification.
func (s *Spec) Validate() error {
	var faults []error
	if s.Name == "" {
		faults = append(faults, errors.New("name is missing"))
	}
	if s.Length <= 0 || s.Length > maxLength {
		faults = append(faults, fmt.Errorf("length %v is not within (0, %v]", s.Length, maxLength))
	}
	if len(s.Functions) == 0 {
		faults = append(faults, errors.New("functions is empty"))
	}
	above := make(map[string]*FunctionSpec)
	total := 0
	for i := range s.Functions {
		f := &s.Functions[i]
		name := f.Name
		if name == "" {
			name = fmt.Sprintf("function number %d", i+1)
			faults = append(faults, fmt.Errorf("%s: name is missing", name))
		}
		for _, fault := range append(f.faults(), f.faultOfOrder(above)) {
			if fault != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, fault))
			}
		}
		above[f.Name] = f
		total += max(0, min(f.Count, maxFunctions))
	}
	if total > maxFunctions {
		faults = append(faults, fmt.Errorf("more than %d functions: lower count", maxFunctions))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if err := s.validateNames(); err != nil {
		return err
	}
	if n := s.estimate(); n > maxCalls {
		return fmt.Errorf("about %.2g calls are more than %.0g: lower the rates or the length", n, float64(maxCalls))
	}
	return nil
}

// faultOfOrder is what is wrong between the function and those above it.
func (f *FunctionSpec) faultOfOrder(above map[string]*FunctionSpec) error {
	if above[f.Name] != nil {
		return errors.New("declared twice")
	}
	if f.Follows == "" {
		return nil
	}
	leader := above[f.Follows]
	switch {
	case leader == nil:
		return fmt.Errorf("follows %q: no function of that name is declared above it", f.Follows)
	case leader.Count != f.Count:
		return fmt.Errorf("follows %s: count is %d there and %d here", f.Follows, leader.Count, f.Count)
	}
	return nil
}

// validateNames finds functions that get the name of another one by a count.
func (s *Spec) validateNames() error {
	seen := make(map[string]bool)
	for _, f := range s.replicas() {
		if seen[f.Name] {
			return fmt.Errorf("%s: one by this name, and one by a count", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// estimate is about how many calls the specification makes.
func (s *Spec) estimate() float64 {
	sum := 0.0
	calls := make(map[string]float64) // of each function, by declaration
	for _, f := range s.Functions {
		rounds := float64(f.Rounds)
		switch f.Pattern {
		case Once:
		case Follow:
			rounds = calls[f.Follows]
		default:
			phase := s.Length.Seconds() * 1000 * (f.EndFrac - f.StartFrac)
			rounds = max(2, phase/f.IntervalMS.Mean)
		}
		calls[f.Name] = rounds * f.CallsPerRound.Mean
		sum += calls[f.Name] * float64(f.Count)
	}
	return sum
}
