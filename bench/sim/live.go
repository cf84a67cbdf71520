package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Live is a simulation that is told of each call when it is known, such as one
// that follows a platform at work. Its memory does not grow with the number of
// calls. It is not safe for concurrent use.
type Live struct{ w *world }

// Ended is how one call of a Live went.
type Ended struct {
	Function int
	Arrived  time.Duration
	// Granted is negative for a call that was refused.
	Granted, At  time.Duration
	Cold, Failed bool
	// Alone is the call's CPU and sleep.
	Alone time.Duration
}

// Usage is what containers and nodes were used so far.
type Usage struct {
	NodeTime time.Duration
	// MemoryTime is of the containers, from the decision to create them until they
	// are gone, in byte-seconds.
	MemoryTime float64
}

// longestLoad is more than any load lasts, and 200 times it does not overflow.
const longestLoad time.Duration = 1 << 55

// NewLive makes a simulation of a load that begins at 0. cfg.Workload must be
// nil. ended is told of every call that ends.
func NewLive(cfg Config, ended func(Ended)) (*Live, error) {
	if cfg.Workload != nil {
		return nil, errors.New("simulate live: workload: must be nil")
	}
	cfg.Workload = &trace.Workload{Name: "live", Length: longestLoad}
	w, err := newWorld(cfg)
	if err != nil {
		return nil, fmt.Errorf("simulate live: %w", err)
	}
	w.follower = ended
	return &Live{w}, nil
}

// Declare makes a function known, by a name that is new, and returns its index.
// concurrency is what it declares, in calls a container; 0 leaves it to the policy.
func (l *Live) Declare(f trace.Function, concurrency int) int {
	l.w.declare(f, concurrency, 0)
	l.w.cfg.Workload.Functions = append(l.w.cfg.Workload.Functions, f)
	return len(l.w.cfg.Workload.Functions) - 1
}

// Resident sets the memory, in bytes, that a function's containers use without
// calls, from the next one on.
func (l *Live) Resident(function int, bytes int64) {
	l.w.cfg.Workload.Functions[function].Resident = bytes
}

// Reserve sets the longest time that a reservation takes, from the next one on.
func (l *Live) Reserve(longest time.Duration) { l.w.cfg.Platform.Reserve = longest }

// Play lets everything happen up to the call's offset, and then the call arrive.
// An offset that has been passed counts as now.
func (l *Live) Play(c trace.Call) error {
	if !l.w.pass(c.Offset) {
		return l.w.err
	}
	l.w.arrive(&c)
	return l.w.err
}

// Pass lets everything happen up to an instant.
func (l *Live) Pass(until time.Duration) error {
	l.w.pass(until)
	return l.w.err
}

// Usage is what was used until now.
func (l *Live) Usage() Usage {
	m := l.w.meter
	m.close(l.w)
	return Usage{NodeTime: m.nodeTime, MemoryTime: m.containerByteSeconds}
}

// report tells what became of a call.
func (w *world) report(k *call, how ending) {
	w.follower(Ended{
		Function: k.work.Function, Arrived: k.arrived, Granted: k.granted, At: w.now,
		Cold: k.cold, Failed: how != succeeded, Alone: k.work.CPU + k.work.Sleep,
	})
}

// declare makes a function known that is called so often.
func (w *world) declare(f trace.Function, concurrency, calls int) {
	w.functions[f.Name] = len(w.specs)
	w.specs = append(w.specs, engine.FunctionSpec{
		Name: f.Name, Memory: engine.Bytes(f.Memory), Timeout: f.Timeout, Concurrency: concurrency,
	})
	w.tallies = append(w.tallies, newTally(calls))
	w.calls.total += calls
}
