package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// 0.7 s of work wait for one container: longer than a cold start takes. As long as
// creations evict nothing, or there may be more nodes, another is made. Where each makes
// another function start anew, whose calls are as dear, it would have to spare that as well.
func TestCreationPaysForWhatItEvicts(t *testing.T) {
	for _, c := range []struct {
		name      string
		without   Part
		evicted   int // for each of 100 creations
		exhausted bool
		waited    time.Duration // by the calls
		later     time.Duration // than the last creation
		want      int
	}{
		{"nothing is evicted", 0, 0, true, 0, 0, 1},
		{"for each one another goes", 0, 1, true, 0, 0, 0},
		{"but the calls have waited for long", 0, 1, true, time.Minute, 0, 1},
		{"but not of late: there is room", 0, 1, true, 0, 31 * time.Second, 1},
		{"but there may be more nodes", 0, 1, false, 0, 0, 1},
		{"which counts for nothing", Displacing, 1, true, 0, 0, 1},
	} {
		a, f := newAdaptive(t, AdaptiveConfig{Without: c.without}), inService(t, 128*megabyte, 1)
		other := indexed(1, 128*megabyte)
		serve(a, f, 8, 100*ms)
		serve(a, other, 8, 100*ms)
		now := at(time.Minute)
		for range 100 {
			for range c.evicted {
				a.Evicted(now, other, idle(now, 10*time.Second), 0)
			}
			a.Started(now, f, &engine.ContainerView{}, 500*ms)
		}
		now += engine.Instant(c.later)
		f.Waiting, f.OldestWait, f.Ready, f.InFlight, f.OldestGrant = 7, now.Add(-c.waited), 1, 1, now
		f.Spec.Concurrency = 1
		p := &engine.PoolView{Nodes: 1, Exhausted: c.exhausted}
		got, _ := a.Scale(now, f, p)
		if min(got, 1) != c.want {
			t.Errorf("%s: %d more containers, want %d", c.name, got, c.want)
		}
		if r := a.Reason(now, f, p); (r.Price > r.Wait) == (c.want == 1) {
			t.Errorf("%s: %v of waiting against a price of %v", c.name, r.Wait, r.Price)
		}
	}
}
