// Package contest plays a workload to one scheduler, ours or anybody's, and
// records all that can be seen of it from outside.
//
// The caller brings up a platform whose scheduler is still missing, and calls
// Play, which starts the scheduler, or waits for one that runs elsewhere, gives
// it the grace, plays the load and stops it. A scheduler that does not start,
// dies, hangs or answers nonsense is a result like any other: its calls fail, and
// the run says why. docs/benchmark.md defines the figures.
package contest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
)

// Config is one run of one scheduler. All but Command, Raw and Progress must be there.
type Config struct {
	// Name is that under which it ranks; Policy that of ours, empty for another's.
	Name, Policy string
	// Endpoint is the host:port at which the platform asks it.
	Endpoint string
	// Command starts it; nil means that somebody else does.
	Command *Command

	Workload *trace.Workload
	Seed     uint64
	// Repeat numbers the runs of one scheduler with this workload, from 0.
	Repeat int
	// Platform is what the nodes are: simulated or local.
	Platform                   string
	APIServer, ResourceManager grpc.ClientConnInterface
	// Grace is the time from when the scheduler answers to the first call.
	Grace time.Duration
	// TimeScale and WarmUp are those of package replay.
	TimeScale float64
	WarmUp    time.Duration
	// Patience is how long answers are awaited after the load's end, by the clock; default LeastPatience.
	Patience time.Duration

	Environment report.Environment
	// Raw gets a CSV of every call, and Progress what is being done; nil means neither.
	Raw      io.Writer
	Progress io.Writer
}

// startPatience is how long a scheduler that was started here may take until it answers.
const startPatience = 60 * time.Second

// LeastPatience is how long a call that is sent at the load's very end may take, by the clock, without
// a fault of its scheduler's: its wait for a container, and its function's timeout.
func LeastPatience(w *trace.Workload, timeScale float64) time.Duration {
	longest := time.Duration(0)
	for i := range w.Functions {
		longest = max(longest, w.Functions[i].Timeout)
	}
	clock := replay.NewClock(timeScale)
	return max(replay.AcquirePatience, clock.Real(replay.AcquirePatience)) + clock.Real(longest)
}

// Play plays one run. When ctx ends it returns what there is by then, marked
// partial. An error is the bench's own; whatever the scheduler does is none. A run
// of which only Raw could not be written is there beside the error.
func Play(ctx context.Context, cfg Config) (*report.ContestRun, error) {
	if cfg.Progress == nil {
		cfg.Progress = io.Discard
	}
	if cfg.Patience == 0 {
		cfg.Patience = LeastPatience(cfg.Workload, cfg.TimeScale)
	}
	r := &recorder{cfg: cfg, started: time.Now()}
	observer := observe(cfg.ResourceManager, r.started, stepOf(&cfg))
	player := newContestant(cfg.Command)
	result, err := r.play(ctx, player)
	r.samples = observer.stop()
	r.lives, r.counters = observer.lives, observer.counters
	r.process = player.stop()
	if err != nil {
		err = fmt.Errorf("contest: %s: %w", cfg.Name, err)
	}
	if result == nil {
		return nil, err
	}
	return r.run(result), err
}

// recorder gathers what becomes a report.ContestRun.
type recorder struct {
	cfg      Config
	started  time.Time
	records  []replay.Record // of calls that have ended
	samples  []sample
	lives    map[string]*life
	counters counters
	process  *report.SchedulerProcess
	troubles troubles
}

// play starts the scheduler and plays the load.
func (r *recorder) play(ctx context.Context, player *contestant) (*replay.Result, error) {
	grace := time.Duration(0)
	err := player.start()
	gone := player.gone
	if err == nil {
		err = player.awaitAnswer(ctx, r.cfg.Endpoint, r.cfg.Name, r.cfg.Progress)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		r.troubles.add("it did not start", err.Error())
		gone = closed()
	case err == nil:
		grace = r.clock().Model(time.Since(r.started)) + r.cfg.Grace
	}
	result, err := replay.Run(ctx, replay.Config{
		Workload: r.cfg.Workload, APIServer: r.cfg.APIServer, ResourceManager: r.cfg.ResourceManager,
		Started: r.started, Grace: grace, TimeScale: r.cfg.TimeScale, WarmUp: r.cfg.WarmUp,
		Patience: r.cfg.Patience, Gone: gone, Label: r.cfg.Name, Progress: r.cfg.Progress, Raw: r.cfg.Raw,
		Observe: func(rec replay.Record) { r.records = append(r.records, rec) },
	})
	if result == nil && (errors.Is(err, context.Canceled) || ctx.Err() != nil) {
		// Interrupted before anything was sent.
		return &replay.Result{Workload: r.cfg.Workload.Name, Partial: true, Failures: map[string]int{}}, nil
	}
	if why := player.died(); why != "" && r.troubles.none() {
		r.troubles.add("its process ended before the run did", why)
	}
	return result, err
}

// clock is the platform's.
func (r *recorder) clock() replay.Clock { return replay.NewClock(r.cfg.TimeScale) }

// closed is a channel that always was.
func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
