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
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/minifaas/minifaas/bench/trace"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

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
	return newRun(cfg, client).play(ctx)
}

// run is one replay under way.
type run struct {
	cfg    Config
	clock  Clock
	id     string // of the run, by which its requests are told from others'
	client apiserverpb.APIServerClient
	tally  *tally
	room   chan struct{} // holds one token for each call in flight
	calls  sync.WaitGroup
}

func newRun(cfg Config, client apiserverpb.APIServerClient) *run {
	return &run{
		cfg: cfg, clock: NewClock(cfg.TimeScale), id: uuid.NewString()[:8], client: client,
		tally: newTally(&cfg), room: make(chan struct{}, cfg.MaxInFlight),
	}
}

func (r *run) play(ctx context.Context) (*Result, error) {
	l := r.limits()
	if r.cfg.WarmUp > l.last {
		return nil, fmt.Errorf("replay %s: the last call comes after %v, which is within the warm-up, %v: want a shorter one",
			r.cfg.Workload.Name, l.last, r.cfg.WarmUp)
	}
	first := time.Now()
	if r.hopeless() {
		l.length = 0
	} else if at := r.cfg.Started.Add(r.clock.Real(r.cfg.Grace)); at.After(first) {
		first = at
	}
	stopProgress := r.showProgress(l.calls, first)
	end := first.Add(r.clock.Real(l.length))
	calling, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	go r.giveUpWhenGone(calling, giveUp)
	// Nodes that are released before the load ends count until then only, so
	// their account is complete when the load is over, not when its last call is. Nobody
	// releases those of a scheduler that is gone: they count to the end without being waited for.
	complete := r.clock.pace(ctx, r.cfg.Gone, first, l.sequence, func(call trace.Call, offset time.Duration, intended time.Time) {
		r.send(calling, call, offset, intended)
	}) && sleepUntil(ctx, r.cfg.Gone, newTimer(), end)
	if !complete {
		end = time.Now()
	}
	if r.cfg.Patience > 0 {
		defer time.AfterFunc(time.Until(end.Add(r.cfg.Patience)), func() { giveUp(errUnfinished) }).Stop()
	}
	r.calls.Wait()
	stopProgress()

	result := r.tally.result()
	result.Workload = r.cfg.Workload.Name
	result.Notes = append(result.Notes, r.cfg.Workload.Notes...)
	// A call may have been given up while the last ones were awaited.
	result.Partial = !complete || result.Unanswered > 0
	result.FirstCall = first
	result.Grace = r.clock.Model(first.Sub(r.cfg.Started))
	result.Duration = r.clock.Model(max(0, end.Sub(first)))
	if r.cfg.WarmUp > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("latencies are without the first %v of the load; counts and scores are with it", r.cfg.WarmUp))
	}
	if r.cfg.ResourceManager != nil {
		nodes, err := nodeUsage(ctx, r.cfg.ResourceManager, r.cfg.Started, end)
		if err != nil {
			result.Notes = append(result.Notes, fmt.Sprintf("no node figures: %v", err))
		}
		if nodes != nil {
			nodes.Time = r.clock.Model(nodes.Time)
		}
		result.Nodes = nodes
	}
	return result, r.tally.flush()
}

// send makes one call in a goroutine of its own. It never blocks.
func (r *run) send(ctx context.Context, call trace.Call, offset time.Duration, intended time.Time) {
	rec := Record{
		Function: r.cfg.Workload.Functions[call.Function].Name, Index: call.Function,
		RequestID: r.id + "-" + strconv.Itoa(r.tally.sent()), Offset: offset, Intended: intended, Work: call.CPU + call.Sleep,
	}
	if rec.Error = r.unsendable(); rec.Error != "" {
		r.tally.add(rec)
		return
	}
	r.calls.Go(func() {
		defer func() { <-r.room }()
		if r.invoke(ctx, call, &rec) {
			r.tally.add(rec)
		} else {
			r.tally.giveUp()
		}
	})
}

// giveUpWhenGone ends calls that wait for a scheduler that is gone, until ctx ends.
func (r *run) giveUpWhenGone(ctx context.Context, giveUp context.CancelCauseFunc) {
	select {
	case <-r.cfg.Gone:
	case <-ctx.Done():
		return
	}
	select {
	case <-time.After(gonePatience):
		giveUp(errGone)
	case <-ctx.Done():
	}
}

// hopeless: there is nobody who could serve a call.
func (r *run) hopeless() bool {
	select {
	case <-r.cfg.Gone:
		return true
	default:
		return false
	}
}

// unsendable is why a call can't be sent, as a kind of failure. If it can, it has a place in room.
func (r *run) unsendable() string {
	if r.hopeless() {
		return SchedulerGone
	}
	select {
	case r.room <- struct{}{}:
		return ""
	default:
		return NotSent
	}
}
