package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/minifaas/minifaas/bench/cold"
	"github.com/minifaas/minifaas/bench/load"
	"github.com/minifaas/minifaas/bench/report"
)

// rates measures how many starts a second the node sustains.
func (c *coldCommand) rates(ctx context.Context, p *coldPlatform) error {
	var rates []*cold.Rate
	for _, subject := range p.subjects {
		if ctx.Err() != nil {
			break
		}
		cfg := cold.RateConfig{Node: p.node, Subject: subject, Progress: func(what string, s load.Step) { showRate(subject.Name, what, s) }}
		if subject.Name == cold.Native {
			runc, err := cold.NewRunc(ctx, cold.NativeProgram(p.functions), filepath.Join(p.folder, "runc"))
			switch {
			case errors.Is(err, exec.ErrNotFound):
				p.notes = append(p.notes, cold.HowToGetRunc)
			case err != nil:
				return fmt.Errorf("runc: %w", err)
			}
			cfg.Runc = runc
		}
		rate, err := cold.MeasureRate(ctx, cfg)
		if err != nil {
			return err
		}
		rates = append(rates, rate)
	}
	return report.ColdRates(os.Stdout, report.Format(c.Output), rates, p.notes)
}

// showRate tells of each step as it is done: nobody knows how many there will be.
func showRate(name, what string, s load.Step) {
	switch {
	case s.Offered > 0:
		fmt.Fprintf(os.Stderr, "cold: %s: %s: %.0f/s offered, %.0f achieved, p99 %v\n", name, what, s.Offered, s.Achieved, s.P99.Round(time.Millisecond))
	case s.Achieved > 0:
		fmt.Fprintf(os.Stderr, "cold: %s: %s: %.0f/s\n", name, what, s.Achieved)
	default:
		fmt.Fprintf(os.Stderr, "cold: %s: %s: p50 %v\n", name, what, s.P50.Round(time.Millisecond))
	}
}
