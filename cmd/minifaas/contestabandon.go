package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/bench/trace"
)

// playedRuns are those that are to be reported, whatever becomes of the rest. It is safe
// for concurrent use.
type playedRuns struct {
	mu  sync.Mutex // guards all
	all []report.ContestRun
}

func (p *playedRuns) add(run *report.ContestRun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, *run)
}

func (p *playedRuns) list() []report.ContestRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// errAbandoned ends a contest whose stopping took somebody too long.
var errAbandoned = errors.New("stopped at once by a second signal")

// playWatched plays the contest and closes its stage. The first signal ends ctx; on a second
// one it waits for nothing more: what still runs dies with this process. It returns
// the runs that there are, beside an error too.
func (c *contestCommand) playWatched(ctx context.Context, stage *stage, workload *trace.Workload) ([]report.ContestRun, error) {
	const most = 8 // signals that come at one time
	signals := make(chan os.Signal, most)
	signal.Notify(signals, endSignals()...)
	defer signal.Stop(signals) // from then on one more signal ends this process, as everywhere
	var played playedRuns
	over := make(chan error, 1)
	go func() { over <- c.playAll(ctx, stage, workload, &played) }()
	var first os.Signal
	var at time.Time
	for {
		select {
		case err := <-over:
			return played.list(), errors.Join(err, stage.close())
		case s := <-signals:
			switch {
			case first == nil:
				first, at = s, time.Now()
			case s != first || time.Since(at) > toldTwice:
				return played.list(), fmt.Errorf("contest: %w; %s is left to the next bench to remove", errAbandoned, stage.folder)
			}
		}
	}
}
