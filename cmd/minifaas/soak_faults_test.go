package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// soakFaults forces faults on a platform, and measures how it gets over them.
type soakFaults struct {
	t      *testing.T
	p      *platform
	load   *soakLoad
	random *rand.Rand
	forced map[string]*soakFault
}

// soakFault is what is known of one kind of fault.
type soakFault struct {
	times   int
	slowest time.Duration // from the fault to the next good answer
}

// kinds are all faults, by name. A kind returns false when there was nothing to
// break at the moment.
func (f *soakFaults) kinds() map[string]func() bool {
	state := f.p.cfg.sandbox.StateDir
	kinds := map[string]func() bool{
		"kill agent":     func() bool { return f.kill(agents(state), false) },
		"kill worker":    func() bool { return f.kill(workers(state), false) },
		"kill helper":    func() bool { return f.kill(helpers(state), false) },
		"freeze helper":  func() bool { return f.kill(helpers(state), true) },
		"kill node":      func() bool { return f.kill(nodePIDs(state), false) },
		"freeze agent":   func() bool { return f.kill(agents(state), true) },
		"freeze node":    func() bool { return f.kill(nodePIDs(state), true) },
		"cancel":         func() bool { return f.cancel(1) },
		"burst of them":  func() bool { return f.cancel(40) },
		"out of memory":  func() bool { return f.misbehave("greedy", `{"touch_mb":500}`, "OutOfMemory") },
		"timeout":        func() bool { return f.misbehave("hasty", `{"sleep_ms":60000}`, "Timeout") },
		"timeout on CPU": func() bool { return f.misbehave("hasty", `{"cpu_ms":60000}`, "Timeout") },
	}
	for _, service := range []string{"apiserver", "scheduler", "resourcemanager"} {
		kinds["kill "+service] = func() bool { return f.kill([]int{f.p.service(service)}, false) }
		kinds["freeze "+service] = func() bool { return f.kill([]int{f.p.service(service)}, true) }
	}
	return kinds
}

// run forces as many faults, each kind about as often as any other. Most are
// over before the next comes; some are not.
func (f *soakFaults) run(faults int) {
	kinds := f.kinds()
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range faults {
		if i%len(names) == 0 {
			f.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
		name := names[i%len(names)]
		fault := f.forced[name]
		if fault == nil {
			fault = &soakFault{}
			f.forced[name] = fault
		}
		eventually(f.t, "something to "+name, kinds[name])
		fault.times++
		if f.random.IntN(4) == 0 {
			continue
		}
		begun := time.Now()
		f.awaitService(name)
		fault.slowest = max(fault.slowest, time.Since(begun))
	}
}

// awaitService calls until there is a good answer.
func (f *soakFaults) awaitService(after string) {
	f.t.Helper()
	deadline := time.Now().Add(soakDeadline)
	for last := ""; last != "OK"; {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s: no good answer within %v; the last was %s", after, soakDeadline, last)
		}
		ctx, cancel := context.WithDeadline(f.t.Context(), deadline)
		last = f.load.call(ctx, "quick", `{"name":"probe"}`, func(body string) bool { return strings.Contains(body, "probe") })
		cancel()
	}
}

// kill ends one of the processes, after it has hung for a while if freeze.
func (f *soakFaults) kill(processes []int, freeze bool) bool {
	if len(processes) == 0 {
		return false
	}
	slices.Sort(processes)
	pid := processes[f.random.IntN(len(processes))]
	if pid <= 1 {
		return false
	}
	if freeze {
		if syscall.Kill(pid, syscall.SIGSTOP) != nil {
			return false
		}
		time.Sleep(time.Duration(f.random.IntN(500)) * time.Millisecond)
	}
	return syscall.Kill(pid, syscall.SIGKILL) == nil
}

// cancel has callers leave in the middle of their calls, all at about the same time.
func (f *soakFaults) cancel(calls int) bool {
	var leaving sync.WaitGroup
	for range calls {
		patience := time.Duration(f.random.IntN(300)) * time.Millisecond
		function := []string{"load", "shared"}[f.random.IntN(2)]
		leaving.Go(func() {
			ctx, cancel := context.WithCancel(f.t.Context())
			defer time.AfterFunc(patience, cancel).Stop()
			defer cancel()
			f.load.call(ctx, function, `{"sleep_ms":1500}`, func(string) bool { return true })
		})
	}
	leaving.Wait()
	return true
}

// misbehave calls a function that is ended for what it does.
func (f *soakFaults) misbehave(function, event, want string) bool {
	ctx, cancel := context.WithTimeout(f.t.Context(), soakDeadline)
	defer cancel()
	switch got := f.load.call(ctx, function, event, func(string) bool { return false }); got {
	case want:
		return true
	case "Unavailable", "Aborted", "ResourceExhausted": // another fault came before it
		return false
	default:
		f.t.Errorf("%s %s: %s, want %s", function, event, got, want)
		return true
	}
}

// summary is a table of the faults by kind.
func (f *soakFaults) summary() string {
	var names []string
	for name := range f.forced {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %6s  %s\n", "FAULT", "TIMES", "SLOWEST RECOVERY")
	for _, name := range names {
		fmt.Fprintf(&b, "%-24s %6d  %v\n", name, f.forced[name].times, f.forced[name].slowest.Round(time.Millisecond))
	}
	return b.String()
}
