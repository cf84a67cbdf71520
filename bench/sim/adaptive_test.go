package sim

import (
	"context"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Load that outgrows a node's memory, or its CPU alone, is met with more nodes:
// the calls are served, hardly one is lost.
func TestAdaptiveServesWhatGrows(t *testing.T) {
	for _, name := range []string{"ramp", "steady"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := trace.Open(name, trace.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			p, err := policy.New("adaptive")
			if err != nil {
				t.Fatal(err)
			}
			r, err := Run(context.Background(), Config{
				Workload: w.After(45 * time.Second), Policy: p, Seed: 1, Platform: Reference(1), Announce: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if 1000*r.Total.Failures > r.Total.Calls {
				t.Errorf("%d of %d calls failed: %v", r.Total.Failures, r.Total.Calls, r.Failures)
			}
		})
	}
}
