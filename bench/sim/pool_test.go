package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Every call fills a node and stays: two nodes can be reserved at first, a third
// one 5 s after the first reservation, and no more.
func TestPoolRefills(t *testing.T) {
	p := still()
	p.Nodes, p.Available = 3, 2
	r := play(t, Config{
		Workload: events(t, "0,f,60000,2000,sleep", "0,f,60000,2000,sleep", "4999,f,10,2000,sleep",
			"5000,f,60000,2000,sleep", "11000,f,10,2000,sleep"),
		Policy: newPolicy(t, "baseline"), Platform: p,
	})
	if r.PeakNodes != 3 || r.Failures["NoCapacity"] != 2 {
		t.Errorf("%d nodes, failures %v: want 3 nodes and the calls at 4.999 s and 11 s refused", r.PeakNodes, r.Failures)
	}
	if want := 11*time.Second + 11*time.Second + 6*time.Second; r.NodeTime != want {
		t.Errorf("node time %v, want %v", r.NodeTime, want)
	}
}

// A lost node is replaced after the refill time.
func TestPoolReplaces(t *testing.T) {
	p := still()
	p.Nodes, p.Available = 1, 1
	w, err := newWorld(Config{Workload: events(t, "0,f,10,512,sleep"), Policy: newPolicy(t, "baseline"), Platform: p})
	if err != nil {
		t.Fatal(err)
	}
	w.reserve(1)
	w.reserve(2)
	w.pass(time.Second)
	if got := w.meter.now.Nodes; got != 1 || w.pool.available != 0 {
		t.Fatalf("%d nodes are reserved, %d available: want 1 and 0", got, w.pool.available)
	}
	w.lost(w.nodes[0])
	w.pass(5999 * ms)
	if w.pool.available != 0 {
		t.Error("the lost node is back before the refill time is over")
	}
	w.pass(6 * time.Second)
	if w.pool.available != 1 {
		t.Error("the lost node is not replaced")
	}
}

func TestReservationsTakeTheirTime(t *testing.T) {
	var took []time.Duration
	asked := map[uint64]engine.Instant{}
	lines := make([]string, 0, 10)
	for range 10 {
		lines = append(lines, "0,f,10,2048,sleep")
	}
	play(t, Config{
		Workload: events(t, lines...), Policy: newPolicy(t, "baseline"), Platform: Reference(1), Seed: 5,
		Observe: func(now engine.Instant, ev *engine.Event, actions []engine.Action) {
			for i := range actions {
				if a := &actions[i]; a.Kind == engine.ReserveNode {
					asked[a.Reservation] = now
				}
			}
			if ev.Kind == engine.NodeReady {
				took = append(took, now.Sub(asked[ev.Reservation]))
			}
		},
	})
	slices.Sort(took)
	if len(took) != 10 || took[0] < 0 || took[9] > 8*ms || took[0] == took[9] {
		t.Errorf("reservations took %v: want ten different times up to 8 ms", took)
	}
}

func TestValidateListsAllFaults(t *testing.T) {
	err := Config{Declared: -1, Platform: Platform{Available: -1, Refill: -1, Faults: Faults{Slow: 2, Failed: -1}}}.Validate()
	if err == nil {
		t.Fatal("no fault")
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, fault := range joined.Unwrap() {
		got = append(got, fault.Error())
	}
	want := []string{
		"workload: must not be nil", "policy: must not be nil", "declared concurrency -1 is negative",
		"nodes 0: want 1 or more\navailable nodes -1: want 0 or more\ncreate: must not be nil\nrefill time -1ns is negative\n" +
			"share of slow nodes 2: want 0 to 1\nslowness 0: want 1 or more\nshare of failed creations -1: want 0 to 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
