package play

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config says what is played and how.
type Config struct {
	// Cells are played in this order; those with the same workload and seed side
	// by side spare opening it again.
	Cells []Cell
	// Dir keeps what has been found.
	Dir     string
	Sources Sources
	// Workers simulate at once: 1 or more.
	Workers int
	// Progress, if not nil, is told of every cell, never twice at a time.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	// Kept cells were found in Dir; Done counts these, too.
	Done, Kept, Total int
	// Left is how long the others will take; 0 while nothing tells.
	Left time.Duration
}

// Run plays the cells that have not been played yet and returns the figures of
// all. When ctx ends before, what has been played is kept and the error says so.
func Run(ctx context.Context, cfg Config) (map[Cell]Figures, error) {
	if cfg.Workers < 1 {
		return nil, fmt.Errorf("play policies: %d workers: want 1 or more", cfg.Workers)
	}
	canonical := make([]Cell, 0, len(cfg.Cells))
	seen := map[Cell]bool{}
	for _, c := range cfg.Cells {
		if c = c.Canonical(); !seen[c] {
			seen[c] = true
			canonical = append(canonical, c)
		}
	}
	kept, err := newStore(cfg.Dir, cfg.Sources, canonical)
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, store: kept, figures: map[Cell]Figures{}, total: len(canonical)}
	for _, c := range canonical {
		if f, ok := kept.read(c); ok {
			r.figures[c] = f
		} else {
			r.todo = append(r.todo, c)
		}
	}
	r.kept = len(r.figures)
	r.tell()
	if err := r.play(ctx); err != nil {
		return nil, err
	}
	return r.figures, nil
}

type run struct {
	cfg   Config
	store *store
	total int
	kept  int
	todo  []Cell
	next  atomic.Int64

	mu      sync.Mutex // guards what is below
	figures map[Cell]Figures
}

func (r *run) play(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	for range min(r.cfg.Workers, len(r.todo)) {
		group.Go(func() error { return r.work(within) })
	}
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: %d of %d simulations are kept in %s; run it again to go on", len(r.figures), r.total, r.cfg.Dir)
	}
	return err
}

// work takes one cell after the other until there are no more.
func (r *run) work(ctx context.Context) error {
	var sc *scene
	for {
		i := int(r.next.Add(1)) - 1
		if i >= len(r.todo) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c, began := r.todo[i], time.Now()
		if !sc.fits(c) {
			var err error
			if sc, err = open(c); err != nil {
				return err
			}
		}
		f, err := simulate(ctx, c, sc)
		if err != nil {
			return err
		}
		f.Took = time.Since(began)
		if err := r.keep(c, f); err != nil {
			return err
		}
	}
}

func (r *run) keep(c Cell, f Figures) error {
	err := r.store.write(c, f)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.figures[c] = f
		r.tell()
	}
	return err
}

// tell is called with mu held, or before there is more than one goroutine.
func (r *run) tell() {
	if r.cfg.Progress != nil {
		r.cfg.Progress(Progress{Done: len(r.figures), Kept: r.kept, Total: r.total, Left: r.left()})
	}
}

// left takes for each cell that is left what those of the same workload took,
// or all of them where there are none.
func (r *run) left() time.Duration {
	type sum struct {
		took time.Duration
		n    int
	}
	var all sum
	by := map[string]sum{}
	for c, f := range r.figures {
		s := by[c.Setting.Workload]
		by[c.Setting.Workload] = sum{s.took + f.Took, s.n + 1}
		all = sum{all.took + f.Took, all.n + 1}
	}
	left := time.Duration(0)
	for _, c := range r.todo {
		if _, done := r.figures[c]; done {
			continue
		}
		s := by[c.Setting.Workload]
		if s.n == 0 {
			s = all
		}
		left += s.took / time.Duration(max(1, s.n))
	}
	return left / time.Duration(r.cfg.Workers)
}
