package sim

import (
	"testing"
	"time"
)

// TestOverheadHoldsContainers: it counts in a call's response, and not in its work.
func TestOverheadHoldsContainers(t *testing.T) {
	p := still()
	p.Overhead = func(int) time.Duration { return 5 * ms }
	cfg := Config{Workload: events(t, "0,f,10,512,sleep", "2000,f,10,512,sleep", "2012,f,10,512,sleep"), Policy: newPolicy(t, "baseline"), Platform: p}
	r := play(t, cfg)
	if r.Total.ColdStarts != 2 {
		t.Errorf("%d cold starts: the third call comes before the second has left, want 2", r.Total.ColdStarts)
	}
	if r.Total.Response.P50 < 15*ms || r.Total.MeanSlowdown <= 1.5 {
		t.Errorf("response %v, mean slowdown %v: want 15ms for 10ms of work", r.Total.Response.P50, r.Total.MeanSlowdown)
	}
	cfg.Platform.Overhead, cfg.Policy = nil, newPolicy(t, "baseline")
	if r := play(t, cfg); r.Total.ColdStarts != 1 {
		t.Errorf("%d cold starts without overhead, want 1", r.Total.ColdStarts)
	}
}
