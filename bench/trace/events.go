package trace

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	// leastMemory is for functions whose trace shows next to nothing: a process with a runtime is more.
	leastMemory = 16 * MiB
	// leastTimeout is for functions that the trace shows as short: the machine
	// that replays them may be slower.
	leastTimeout = time.Minute
)

// events are calls on their way to a workload, and what they tell of their functions.
type events struct {
	functions []Function
	longest   []time.Duration // execution of each function
	touching  []bool          // whether calls of the function hold memory of their own
	calls     []Call
}

func (e *events) declare(f Function) int {
	e.functions = append(e.functions, f)
	e.longest = append(e.longest, 0)
	e.touching = append(e.touching, false)
	return len(e.functions) - 1
}

// add takes a call, during which its container was seen to use so many bytes.
func (e *events) add(c Call, used int64) {
	f := c.Function
	e.functions[f].Memory = max(e.functions[f].Memory, used)
	e.longest[f] = max(e.longest[f], c.CPU+c.Sleep)
	e.touching[f] = e.touching[f] || c.Touch > 0
	e.calls = append(e.calls, c)
}

// workload turns the events, which are in order of time, into a workload. It
// is cut to length if that is above 0.
func (e *events) workload(name string, length time.Duration) *Workload {
	w := &Workload{Name: name, Functions: e.functions}
	for i := range w.Functions {
		w.Functions[i].seen(w.Functions[i].Memory, e.longest[i])
		if e.touching[i] {
			w.Functions[i].Resident = 0 // its calls bring the memory
		}
	}
	first := e.calls[0].Offset
	w.Length = e.calls[len(e.calls)-1].Offset
	if length > 0 && first+length < w.Length {
		w.Length = first + length
		kept, _ := slices.BinarySearchFunc(e.calls, w.Length, func(c Call, t time.Duration) int {
			return cmp.Compare(c.Offset, t)
		})
		w.Notes = append(w.Notes, fmt.Sprintf("cut to the first %v: %d of %d events", length, kept, len(e.calls)))
		e.calls = e.calls[:kept]
	}
	w.calls = slices.Values(e.calls)
	return w
}

// seen sets the figures of a function of which a trace shows the memory that a
// container used, in bytes, and the longest execution.
func (f *Function) seen(used int64, longest time.Duration) {
	f.Memory = max(leastMemory, (used+MiB-1)/MiB*MiB)
	f.Used, f.Resident = true, f.Memory
	f.Timeout = max(leastTimeout, (2 * longest).Round(time.Second))
}
