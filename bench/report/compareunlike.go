package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// conditions are how and where runs are played, beside the workload: figures of runs that differ
// in one say as much of it as of the schedulers. What a run does not tell is empty.
var conditions = []struct {
	name string
	of   func(*telling) string
}{
	{"seeds", func(t *telling) string {
		if t.Scheduler == "" && t.Policy == "" { // a replay, which tells none
			return ""
		}
		return strconv.FormatUint(t.Seed, 10)
	}},
	{"lengths of the load", func(t *telling) string { return inSeconds(t.length()) }},
	{"calls", func(t *telling) string {
		if t.Calls == nil {
			return ""
		}
		return count(*t.Calls)
	}},
	{"warm-ups left out", func(t *telling) string { return inSeconds(t.WarmUpSeconds) }},
	{"nodes", func(t *telling) string { return t.Platform }},
	{"settings", func(t *telling) string {
		if t.Setting == nil {
			return ""
		}
		s := *t.Setting
		return fmt.Sprintf("grace %v s, %d of %d nodes available, refill %v s, creation × %v, time × %v",
			s.GraceSeconds, s.Available, s.MaxNodes, s.RefillSeconds, s.CreateScale, s.TimeScale)
	}},
	{"kernels", environment(func(e *Environment) string { return e.Kernel })},
	{"processors", environment(func(e *Environment) string { return e.CPU })},
	{"cores", environment(func(e *Environment) string { return strconv.Itoa(e.Cores) })},
	{"minifaas", environment(func(e *Environment) string { return strings.TrimSpace(e.Version + " " + e.Commit) })},
}

// environment is something of where a run took place; empty if the run does not tell.
func environment(of func(*Environment) string) func(*telling) string {
	return func(t *telling) string {
		if t.Environment == nil || *t.Environment == (Environment{}) {
			return ""
		}
		return of(t.Environment)
	}
}

// inSeconds writes a duration, and nothing for one that is not there.
func inSeconds(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%v s", *v)
}

// length is that of the load, in seconds; nil if the run does not tell.
func (t *telling) length() *float64 {
	if t.Setting != nil && t.Setting.LengthSeconds > 0 {
		return &t.Setting.LengthSeconds
	}
	return t.LengthSeconds
}

// unlike says in which conditions two sides differ. A condition that one of them does not
// tell is none.
func unlike(reference, other *Side) []string {
	var all []string
	for _, c := range conditions {
		a, b := each(c.of, reference.runs), each(c.of, other.runs)
		if len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
			all = append(all, fmt.Sprintf("%s: %s against %s", c.name, strings.Join(b, "; "), strings.Join(a, "; ")))
		}
	}
	return all
}

// each are the values of the runs, each once, in order.
func each(of func(*telling) string, runs []telling) []string {
	var all []string
	for i := range runs {
		if v := of(&runs[i]); v != "" {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
