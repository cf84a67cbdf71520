// Package replay plays a workload against an APIServer, open loop: calls are
// sent when the workload says, whether those before them were answered or not.
//
// The caller starts the platform, declares the workload's functions (package
// manifest) and dials. Run returns when every call that was sent has ended. Its
// figures are honest to the client: response times count from the moment at
// which a call was meant to be sent, so that a slow sender or a slow server
// cannot hide the wait of the calls behind it; the sender's own lateness is
// reported beside them.
//
// Node time comes from the ResourceManager's account, whose clock must be the
// client's: run both on one machine, or on machines whose clocks agree.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/bench/trace"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
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

	// Progress gets a bar if it is a terminal, else a line every ten seconds; nil means neither.
	Progress io.Writer
	// Raw gets a CSV of every call, in the order in which they ended; nil means none.
	Raw io.Writer
}

// NotSent is the kind of failure of a call that the client had no room for.
const NotSent = "NotSent"

const defaultMaxInFlight = 20_000

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
		"max in flight": int64(c.MaxInFlight), "grace": int64(c.Grace),
	} {
		if v < 0 {
			faults = append(faults, fmt.Errorf("%s is negative", name))
		}
	}
	return errors.Join(faults...)
}

// Run plays the workload. When ctx ends it stops sending, gives up the calls in
// flight and returns what it has, marked Partial, and no error. An error means
// that nothing could be played, or that Raw could not be written.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Started.IsZero() {
		cfg.Started = time.Now()
	}
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	client := apiserverpb.NewAPIServerClient(cfg.APIServer)
	if err := checkFunctions(ctx, client, cfg.Workload, cfg.Account); err != nil {
		return nil, fmt.Errorf("replay %s: %w", cfg.Workload.Name, err)
	}
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = defaultMaxInFlight
	}
	r := &run{cfg: cfg, client: client, tally: newTally(cfg.Workload, cfg.Raw), room: make(chan struct{}, cfg.MaxInFlight)}
	return r.play(ctx)
}

// run is one replay under way.
type run struct {
	cfg    Config
	client apiserverpb.APIServerClient
	tally  *tally
	room   chan struct{} // holds one token for each call in flight
	calls  sync.WaitGroup
}

func (r *run) play(ctx context.Context) (*Result, error) {
	l := r.limits()
	stopProgress := showProgress(r.cfg.Progress, r.tally, l.calls)

	first := time.Now()
	if at := r.cfg.Started.Add(r.cfg.Grace); at.After(first) {
		first = at
	}
	end := first.Add(l.length)
	// Nodes that are released before the load ends count until then only, so
	// their account is complete when the load is over, not when its last call is.
	complete := pace(ctx, first, l.sequence, r.send) && sleepUntil(ctx, newTimer(), end)
	if !complete {
		end = time.Now()
	}
	r.calls.Wait()
	stopProgress()

	result := r.tally.result()
	result.Workload = r.cfg.Workload.Name
	result.Notes = append(result.Notes, r.cfg.Workload.Notes...)
	// A call may have been given up while the last ones were awaited.
	result.Partial = !complete || result.Unanswered > 0
	result.FirstCall = first
	result.Grace = first.Sub(r.cfg.Started)
	result.Duration = max(0, end.Sub(first))
	if r.cfg.ResourceManager != nil {
		nodes, err := nodeUsage(ctx, r.cfg.ResourceManager, r.cfg.Started, end)
		if err != nil {
			result.Notes = append(result.Notes, fmt.Sprintf("no node figures: %v", err))
		}
		result.Nodes = nodes
	}
	return result, r.tally.flush()
}

// send makes one call in a goroutine of its own. It never blocks.
func (r *run) send(ctx context.Context, call trace.Call, offset time.Duration, intended time.Time) {
	rec := Record{Function: r.cfg.Workload.Functions[call.Function].Name, Offset: offset}
	select {
	case r.room <- struct{}{}:
	default:
		rec.Error = NotSent
		r.tally.add(call.Function, rec)
		return
	}
	r.tally.sent()
	r.calls.Go(func() {
		defer func() { <-r.room }()
		if r.invoke(ctx, call, intended, &rec) {
			r.tally.add(call.Function, rec)
		} else {
			r.tally.giveUp()
		}
	})
}
