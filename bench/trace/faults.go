package trace

import (
	"fmt"
	"math"
	"slices"

	"github.com/minifaas/minifaas/internal/function"
)

const (
	// maxMemoryMB is a TiB: more than any node has.
	maxMemoryMB = 1 << 20
	// minIntervalMS bounds the rounds of a second; a round may have any number of calls.
	minIntervalMS = 0.01
)

var (
	kinds = []Kind{Tiny, CPU, Memory, Sleep}
	// runtimes are those that there is a load function for.
	runtimes = []string{function.Native, function.Python3, function.NodeJS}
	patterns = []Pattern{Even, Timer, Poisson, Wave, Ramp, Burst, Once, Follow}
	// meanOnly are the patterns that have one interval, not a distribution of them.
	meanOnly = []Pattern{Timer, Poisson, Wave}
)

// faultList collects what is wrong with a function.
type faultList []error

func (l *faultList) want(ok bool, format string, args ...any) {
	if !ok {
		*l = append(*l, fmt.Errorf(format, args...))
	}
}

func (l *faultList) wantRange(name string, r Range, least float64) {
	if err := r.check(least); err != nil {
		*l = append(*l, fmt.Errorf("%s: %w", name, err))
	}
}

// faults are those of the function by itself.
func (f *FunctionSpec) faults() []error {
	var l faultList
	l.want(f.Count >= 1 && f.Count <= maxFunctions, "count %d is not within [1, %d]", f.Count, maxFunctions)
	l.want(slices.Contains(kinds, f.Kind), "kind %q: want one of %q", f.Kind, kinds)
	l.want(slices.Contains(runtimes, f.Runtime), "runtime %q: want one of %q", f.Runtime, runtimes)
	l.want(f.MemoryMB > 0 && f.MemoryMB <= maxMemoryMB, "memory_mb %d is not within [1, %d]", f.MemoryMB, maxMemoryMB)
	l.want(f.Timeout > 0, "timeout %v is negative", f.Timeout)
	l.want(f.StartFrac >= 0 && f.StartFrac < f.EndFrac && f.EndFrac <= 1,
		"want 0 ≤ start_frac < end_frac ≤ 1, got %v and %v", f.StartFrac, f.EndFrac)
	l.wantRange("cpu_ms", f.CPUMS, 0)
	l.wantRange("sleep_ms", f.SleepMS, 0)
	l.wantRange("use_mb", f.UseMB, 0)
	l.want(f.UseMB.Sigma == 0, "use_mb: want a number or {min, mean, max}: what the process holds is a part of the mean")
	l.want(f.UseOwnFrac >= 0 && f.UseOwnFrac <= 1, "use_own_frac %v is not within [0, 1]", f.UseOwnFrac)
	f.patternFaults(&l)
	return l
}

func (f *FunctionSpec) patternFaults(l *faultList) {
	l.want(slices.Contains(patterns, f.Pattern), "pattern %q: want one of %q", f.Pattern, patterns)
	l.want((f.Pattern == Once) == (f.Rounds != 0) && f.Rounds >= 0,
		"rounds %d: pattern once says how many, and no other pattern does", f.Rounds)
	l.want((f.Pattern == Follow) == (f.Follows != ""),
		"follows %q: pattern follow says whom, and no other pattern does", f.Follows)
	l.want(f.Pattern == Follow || f.DelayMS == Range{}, "delay_ms: only pattern follow has one")
	l.wantRange("delay_ms", f.DelayMS, 0)
	l.want(f.Pattern == Wave && f.PeakRatio >= 1 && f.PeakRatio <= maxFigure || f.Pattern != Wave && f.PeakRatio == 0,
		"peak_ratio %v: pattern wave says it, at least 1, and no other pattern does", f.PeakRatio)
	l.want(f.Pattern != Once && f.Pattern != Follow || f.FirstMS == Range{}, "first_ms: pattern %s has none", f.Pattern)
	l.wantRange("first_ms", f.FirstMS, 0)

	if f.Pattern == Follow {
		l.want(f.IntervalMS == Range{}, "interval_ms: pattern follow has none: its rounds come after those of %s", f.Follows)
	} else {
		l.wantRange("interval_ms", f.IntervalMS, minIntervalMS)
	}
	l.want(!slices.Contains(meanOnly, f.Pattern) || f.IntervalMS.isFixed(),
		"interval_ms: pattern %s has one figure, not a distribution", f.Pattern)
	l.want(f.Pattern != Ramp && f.Pattern != Burst || f.IntervalMS.Sigma == 0 && f.CallsPerRound.Sigma == 0,
		"pattern %s: interval_ms and calls_per_round want {min, mean, max}", f.Pattern)

	calls := f.CallsPerRound
	l.wantRange("calls_per_round", calls, 1)
	l.want(calls.Sigma > 0 || calls.Min == math.Trunc(calls.Min) && calls.Max == math.Trunc(calls.Max),
		"calls_per_round: min %v and max %v are not whole", calls.Min, calls.Max)
}
