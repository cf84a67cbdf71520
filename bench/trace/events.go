package trace

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A trace tells how much memory a function used, not how much it was given.
const (
	// headroom is for the runtime beside the function.
	headroom = 32 * MiB
	// sizeStep and leastSize are the sizes in which containers are given.
	sizeStep  = 64 * MiB
	leastSize = 128 * MiB
	// leastTimeout is for functions that the trace shows as short: the machine
	// that replays them may be slower.
	leastTimeout = time.Minute
)

// workload turns the events into a workload, cut to length if that is above 0.
func (e *events) workload(name string, length time.Duration) *Workload {
	w := &Workload{Name: name, Functions: e.functions}
	for i := range w.Functions {
		f := &w.Functions[i]
		f.Memory = max(leastSize, (f.Memory+headroom+sizeStep-1)/sizeStep*sizeStep)
		f.Timeout = max(leastTimeout, (2 * e.longest[i]).Round(time.Second))
	}
	if e.noKind > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf(
			"%d of %d events have no kind and sleep for their duration; their memory_mb sizes the container and is not touched",
			e.noKind, len(e.calls)))
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
