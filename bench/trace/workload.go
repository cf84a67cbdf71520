// Package trace holds workloads: which functions are called, when, and with
// how much work.
//
// A workload comes from a specification (rates and distributions, from which a
// seeded generator makes the calls; some are built in), from an event CSV (the
// calls themselves), or from a public trace of Azure Functions.
// docs/workloads.md describes the formats. Open reads all of them.
//
// A Workload never changes after it was made, so any number of goroutines may
// read it and each may range over Calls. The same workload, length and seed
// give the same calls, on every processor architecture.
package trace

import (
	"iter"
	"strconv"
	"time"
)

// MiB is the unit of every figure called "mb" in workload files.
const MiB = 1 << 20

// Kind says what a function's time goes to.
type Kind string

// Kinds of function.
const (
	Tiny   Kind = "tiny"   // answers at once
	CPU    Kind = "cpu"    // burns CPU
	Memory Kind = "memory" // holds memory while it sleeps
	Sleep  Kind = "sleep"  // waits; nothing slows it
)

// Function is one function of a workload.
type Function struct {
	Name string
	// Account is the tenant that the function belongs to; empty is the default one.
	Account string
	Kind    Kind
	// Runtime is a hint: which runtime the function is best played with.
	Runtime string
	// Memory of a container, in bytes.
	Memory int64
	// Used tells that Memory was seen in use rather than asked for. A real
	// container of the function needs more than that, for its runtime.
	Used bool
	// Resident is the memory, in bytes, that the function's process uses while
	// it has no call: the platform's own share comes on top, unless Used,
	// where it is in it. What a call adds is its Touch.
	Resident int64
	// Timeout of one execution.
	Timeout time.Duration
}

// Call is one invocation that is to be made.
type Call struct {
	// Offset is when, from the start of the workload.
	Offset time.Duration
	// Function is an index into Workload.Functions.
	Function int
	// CPU to burn, then Sleep to wait.
	CPU, Sleep time.Duration
	// Touch is the memory, in bytes, that the call holds until it ends.
	Touch int64
}

// Event is what the load functions take: {"cpu_ms":…,"sleep_ms":…,"touch_mb":…}.
func (c Call) Event() []byte {
	b := make([]byte, 0, 64)
	b = append(b, `{"cpu_ms":`...)
	b = appendDecimal(b, c.CPU.Seconds()*1000)
	b = append(b, `,"sleep_ms":`...)
	b = appendDecimal(b, c.Sleep.Seconds()*1000)
	b = append(b, `,"touch_mb":`...)
	b = appendDecimal(b, float64(c.Touch)/MiB)
	return append(b, '}')
}

// appendDecimal writes v to three decimals: microseconds, or about a KiB.
func appendDecimal(b []byte, v float64) []byte {
	b = strconv.AppendFloat(b, v, 'f', 3, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	return b
}

// Workload is a set of functions and their calls in order of time.
type Workload struct {
	Name      string
	Functions []Function
	// Length is the offset at which the load ends, whether calls are in flight or not.
	Length time.Duration
	// Seed of the generator; 0 for an event CSV, which leaves nothing to chance.
	Seed uint64
	// Notes say, for people, what was assumed or bent to make this workload.
	// Whoever shows its results shows them too.
	Notes []string

	calls iter.Seq[Call]
}

// Calls yields the calls in order of offset. It may be ranged over repeatedly;
// each time it yields the same calls.
func (w *Workload) Calls() iter.Seq[Call] { return w.calls }

// After returns the workload with all calls so much later.
func (w *Workload) After(delay time.Duration) *Workload {
	later := *w
	later.Length += delay
	later.calls = func(yield func(Call) bool) {
		for c := range w.calls {
			c.Offset += delay
			if !yield(c) {
				return
			}
		}
	}
	return &later
}

// Count is the number of calls of each function. It makes the calls once to count them.
func (w *Workload) Count() []int {
	n := make([]int, len(w.Functions))
	for c := range w.calls {
		n[c.Function]++
	}
	return n
}
