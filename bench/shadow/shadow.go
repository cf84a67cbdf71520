package shadow

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// sightings wait for the shadows; new calls are dropped when three quarters
	// of the room are taken, so that there is room for what becomes of the others.
	sightings = 8 << 10
	callRoom  = sightings / 4 * 3
	// mostWaiting moments wait for a call's outcome; then that call is dropped.
	mostWaiting = 64 << 10
	// After so much work the shadows rest three times as long, and leave the
	// processor to the platform.
	stint     = time.Millisecond
	restRatio = 3
	// tick is how often time passes without events, and how often figures are published.
	tick = 250 * time.Millisecond
)

// Runner runs the shadows of one scheduler. Tap is to be called for each step of its
// engine, one at a time; all else is safe for concurrent use.
type Runner struct {
	cfg    Config
	events chan sighting
	// full counts calls, and missed other events, for which there was no room.
	full, missed atomic.Int64
	report       atomic.Pointer[Report]
}

// sighting is a step of the live engine.
type sighting struct {
	now     engine.Instant
	event   engine.Event
	actions []engine.Action
}

// New makes a runner that waits for Run.
func New(cfg Config) (*Runner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Runner{cfg: cfg, events: make(chan sighting, sightings)}
	now := time.Now()
	r.report.Store(&Report{Since: now, Until: now, Runs: []Run{{Policy: cfg.Live, Kind: Live}}})
	return r, nil
}

// Tap takes one step of the engine. It never waits, and keeps nothing that it is given.
func (r *Runner) Tap(now engine.Instant, ev *engine.Event, actions []engine.Action) {
	switch {
	case len(actions) == 0 && (ev.Kind == engine.Stats || ev.Kind == engine.Wake || ev.Kind == engine.Cancel || ev.Kind == engine.NodeAvailable):
		return // they tell nothing
	case ev.Kind == engine.Acquire && len(r.events) >= callRoom:
		r.full.Add(1)
		if !slices.ContainsFunc(actions, aboutPlatform) {
			return
		}
		ev = &engine.Event{Kind: engine.Wake} // only what was done because of it
	}
	s := sighting{now: now, event: *ev, actions: slices.Clone(actions)}
	s.event.Containers = nil
	select {
	case r.events <- s:
	default:
		r.missed.Add(1)
	}
}

// aboutPlatform tells actions that change nodes and containers.
func aboutPlatform(a engine.Action) bool { return a.Kind != engine.Grant && a.Kind != engine.Refuse }

// Report is what was found until a moment ago.
func (r *Runner) Report() *Report { return r.report.Load() }

// Run plays what is tapped until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	p := newPlayer(r.cfg)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.pass()
			r.publish(p)
		case s := <-r.events:
			p.see(&s)
		}
		begin := time.Now()
		for time.Since(begin) < stint && r.takeOne(p) {
		}
		if worked := time.Since(begin); worked >= stint {
			rest(ctx, restRatio*worked)
		}
	}
}

// takeOne does one piece of work that is there; false: there is none.
func (r *Runner) takeOne(p *player) bool {
	if p.feed() {
		return true
	}
	select {
	case s := <-r.events:
		p.see(&s)
		return true
	default:
		return false
	}
}

func (r *Runner) publish(p *player) {
	report := p.report()
	report.Dropped += int(r.full.Load())
	report.Missed = int(r.missed.Load())
	r.report.Store(report)
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
