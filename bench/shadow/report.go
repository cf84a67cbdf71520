package shadow

import "time"

// Kind tells the runs of a report apart.
type Kind string

// Kinds of runs.
const (
	Live    Kind = "live"    // the scheduler at work
	Control Kind = "control" // the live policy, simulated
	Shadow  Kind = "shadow"  // another policy, simulated
)

// Run is what one policy did with the calls. Calls are counted when they end.
type Run struct {
	Policy                      string
	Kind                        Kind
	Calls, Failures, ColdStarts int
	// MeanSlowdown and P99Slowdown are of the calls' response by what each took
	// alone; a failed call's response counts a minute at least. 0: no calls.
	MeanSlowdown, P99Slowdown float64
	NodeTime                  time.Duration
	// MemoryTime is of the containers, in byte-seconds.
	MemoryTime float64
	// Problem is why a simulation has ended; what it counted until then stays.
	Problem string
}

// Report is what was found so far.
type Report struct {
	// Since and Until are the wall times between which was measured: until when all
	// that has ended is known.
	Since, Until time.Time
	// Dropped calls are in no run: they came too fast for the simulations, or
	// nothing is known of what they would have done.
	Dropped int
	// Missed events of nodes and containers leave the live figures of both wrong.
	Missed int
	// Runs are the live one, its control, and the others in the order of the configuration.
	Runs []Run
}
