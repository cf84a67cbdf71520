package replay

import (
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/bench/trace"
)

// Config of a replay.
type Config struct {
	Workload *trace.Workload
	// APIServer is the connection that calls go over.
	APIServer grpc.ClientConnInterface
	// ResourceManager tells the node time; nil means that the result has none.
	ResourceManager grpc.ClientConnInterface
	// Account of the functions that have none in the workload; empty means the default account.
	Account string

	// Started is when the run began: node time counts from then, the grace before the first call
	// included. Zero means when Run is called.
	Started time.Time
	// Grace is the least time from Started to the first call; default 0.
	Grace time.Duration
	// MaxCalls stops sending after so many calls; 0 means all.
	MaxCalls int
	// MaxDuration stops sending so long after the first call; 0 means the workload's length.
	MaxDuration time.Duration
	// MaxInFlight is how many calls the client keeps open at once, default
	// 20,000. A call above it is not sent, does not wait, and fails as NotSent.
	MaxInFlight int

	// TimeScale is how many times faster than the clock the platform's time goes, default 1: the
	// load is sent so much faster. All durations here and in what Run returns are of the platform's time.
	TimeScale float64
	// WarmUp is how much of the load, from its first call, is left out of latencies. Counts and
	// what is scored have all calls.
	WarmUp time.Duration
	// Patience bounds the wait for answers after the end of the load, by the clock; 0 is no bound. A
	// call without an answer by then fails as Unfinished.
	Patience time.Duration
	// Gone, if not nil, is closed when there is nobody any more who could serve a call. Those that
	// are due after it are not sent and fail as SchedulerGone, and nobody waits for their time;
	// node time goes on to the load's end. If it is closed from the beginning there is no load.
	// Calls in flight have 5 s more, for they may be running.
	Gone <-chan struct{}

	// Observe gets each call that has ended, one at a time; nil means that nobody wants to know.
	Observe func(Record)
	// Label begins each line of Progress; default "replay".
	Label string
	// Progress gets a bar if it is a terminal, else a line every ten seconds; nil means neither.
	Progress io.Writer
	// Raw gets a CSV of every call, in the order in which they ended; nil means none.
	Raw io.Writer
}

// Kinds of failure of calls that are the client's own finding.
const (
	// NotSent: the client had no room for the call.
	NotSent = "NotSent"
	// SchedulerGone: see Config.Gone.
	SchedulerGone = "SchedulerGone"
	// Unfinished: see Config.Patience.
	Unfinished = "Unfinished"
)

const (
	defaultMaxInFlight = 20_000
	// gonePatience is what calls in flight have left when nobody serves any more.
	gonePatience = 5 * time.Second
)

func (c *Config) validate() error {
	var faults []error
	if c.Workload == nil {
		faults = append(faults, errors.New("workload is missing"))
	}
	if c.APIServer == nil {
		faults = append(faults, errors.New("apiserver is missing"))
	}
	for name, v := range map[string]int64{
		"max calls": int64(c.MaxCalls), "max duration": int64(c.MaxDuration),
		"max in flight": int64(c.MaxInFlight), "grace": int64(c.Grace), "warm-up": int64(c.WarmUp), "patience": int64(c.Patience),
	} {
		if v < 0 {
			faults = append(faults, fmt.Errorf("%s is negative", name))
		}
	}
	if !(c.TimeScale >= 0 && c.TimeScale <= 1e6) {
		faults = append(faults, fmt.Errorf("time scale is %v; it must be 0 (the default, 1) to 1e6", c.TimeScale))
	}
	return errors.Join(faults...)
}
