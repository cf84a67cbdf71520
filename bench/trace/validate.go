package trace

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/minifaas/minifaas/internal/function"
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
	seen := make(map[string]bool)
	for i := range s.Functions {
		f := &s.Functions[i]
		name := f.Name
		if name == "" {
			name = fmt.Sprintf("function number %d", i+1)
			faults = append(faults, fmt.Errorf("%s: name is missing", name))
		} else if seen[name] {
			faults = append(faults, fmt.Errorf("%s: declared twice", name))
		}
		seen[name] = true
		for _, fault := range f.faults() {
			faults = append(faults, fmt.Errorf("%s: %w", name, fault))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if n := s.estimate(); n > maxCalls {
		return fmt.Errorf("about %.2g calls are more than %.0g: lower the rates or the length", n, float64(maxCalls))
	}
	return nil
}

// estimate is about how many calls the specification makes.
func (s *Spec) estimate() float64 {
	sum := 0.0
	for _, f := range s.Functions {
		rounds := float64(f.Rounds)
		if f.Pattern != Once {
			phase := s.Length.Seconds() * 1000 * (f.EndFrac - f.StartFrac)
			rounds = max(2, phase/f.IntervalMS.Mean)
		}
		sum += rounds * f.CallsPerRound.Mean
	}
	return sum
}

// maxCalls is more than any replay sends, and can still be counted through in a minute.
const maxCalls = 1e8

// maxLength keeps offsets far from overflow; the longest public trace has 14 days.
const maxLength = 366 * 24 * time.Hour

var (
	kinds = []Kind{Tiny, CPU, Memory, Sleep}
	// runtimes are those that there is a load function for.
	runtimes = []string{function.Native, function.Python3, function.NodeJS}
	patterns = []Pattern{Even, Ramp, Burst, Once}
)

func (f *FunctionSpec) faults() []error {
	var faults []error
	report := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	inRange := func(name string, r Range, least float64) {
		if err := r.check(least); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	report(slices.Contains(kinds, f.Kind), "kind %q: want one of %q", f.Kind, kinds)
	report(slices.Contains(runtimes, f.Runtime), "runtime %q: want one of %q", f.Runtime, runtimes)
	report(slices.Contains(patterns, f.Pattern), "pattern %q: want one of %q", f.Pattern, patterns)
	report(f.MemoryMB > 0 && f.MemoryMB <= maxMemoryMB, "memory_mb %d is not within [1, %d]", f.MemoryMB, maxMemoryMB)
	report(f.Timeout > 0, "timeout %v is negative", f.Timeout)
	report(f.StartFrac >= 0 && f.StartFrac < f.EndFrac && f.EndFrac <= 1,
		"want 0 ≤ start_frac < end_frac ≤ 1, got %v and %v", f.StartFrac, f.EndFrac)
	report(f.UseOwnFrac >= 0 && f.UseOwnFrac <= 1, "use_own_frac %v is not within [0, 1]", f.UseOwnFrac)
	report((f.Pattern == Once) == (f.Rounds != 0) && f.Rounds >= 0,
		"rounds %d: pattern once says how many, and no other pattern does", f.Rounds)

	calls := f.CallsPerRound
	inRange("calls_per_round", calls, 1)
	report(calls.Min == math.Trunc(calls.Min) && calls.Max == math.Trunc(calls.Max),
		"calls_per_round: min %v and max %v are not whole", calls.Min, calls.Max)
	inRange("interval_ms", f.IntervalMS, minIntervalMS)
	inRange("cpu_ms", f.CPUMS, 0)
	inRange("sleep_ms", f.SleepMS, 0)
	inRange("use_mb", f.UseMB, 0)
	return faults
}

const (
	// maxMemoryMB is a TiB: more than any node has.
	maxMemoryMB = 1 << 20
	// minIntervalMS bounds the rounds of a second; a round may have any number of calls.
	minIntervalMS = 0.01
)
