package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/engine"
)

func TestTimeout(t *testing.T) {
	var outcomes []engine.Outcome
	r := play(t, Config{
		Workload: specified(t, "{name: f, kind: sleep, memory_mb: 128, timeout: 2s, pattern: once, rounds: 1, calls_per_round: 1, interval_ms: 1000, cpu_ms: 0, sleep_ms: 3000, use_mb: 1}"),
		Policy:   newPolicy(t, "baseline"), Platform: still(),
		Observe: func(_ engine.Instant, ev *engine.Event, _ []engine.Action) {
			if ev.Kind == engine.Return {
				outcomes = append(outcomes, ev.Outcome)
			}
		},
	})
	want := []engine.Outcome{{Duration: 2 * time.Second, MaxMemory: 9 << 20, Error: engine.ErrorTimeout}}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("returned (-want +got):\n%s", diff)
	}
	if r.Failures["Timeout"] != 1 || r.Total.Response.Max != time.Minute {
		t.Errorf("failures %v, response %v: want one timeout that counts 60 s", r.Failures, r.Total.Response.Max)
	}
	if got := r.Counted[0].Failed; !cmp.Equal(got, []time.Duration{2500 * ms}) {
		t.Errorf("time until failure %v, want 2.5 s", got)
	}
}

// sharing is a policy that lets so many calls share a container.
type sharing struct {
	engine.Policy
	calls int
}

func (s sharing) Concurrency(*engine.FunctionView) int { return s.calls }

// A call that adds more than its container has kills it, with the calls that share it.
func TestOutOfMemory(t *testing.T) {
	for _, c := range []struct {
		name          string
		rounds, calls int
		mb            int // that each call adds to the 8 of the container
		share, killed int
	}{
		{name: "fits", rounds: 1, calls: 1, mb: 56, share: 1},
		{name: "alone", rounds: 1, calls: 1, mb: 57, share: 1, killed: 1},
		{name: "side by side", rounds: 2, calls: 2, mb: 40, share: 1},
		{name: "shared", rounds: 2, calls: 2, mb: 40, share: 2, killed: 2}, // in the second round, by the oldest container
	} {
		t.Run(c.name, func(t *testing.T) {
			returned := 0
			w := specified(t, fmt.Sprintf("{name: f, kind: memory, memory_mb: 64, pattern: once, rounds: %d, calls_per_round: %d, "+
				"interval_ms: 2000, cpu_ms: 0, sleep_ms: 100, use_mb: %d}", c.rounds, c.calls, c.mb))
			r := play(t, Config{
				Workload: w, Policy: sharing{newPolicy(t, "baseline"), c.share}, Platform: still(),
				Observe: func(_ engine.Instant, ev *engine.Event, _ []engine.Action) {
					if ev.Kind == engine.Return && ev.Outcome.Lost && ev.Outcome.Error == engine.ErrorOutOfMemory {
						returned++
					}
				},
			})
			if returned != c.killed || r.Failures["OutOfMemory"] != c.killed {
				t.Errorf("%d calls returned so, failures %v: want %d", returned, r.Failures, c.killed)
			}
			if c.killed > 0 && r.Killed != 1 {
				t.Errorf("%d containers were killed, want 1", r.Killed)
			}
		})
	}
}

func TestNodeLossFailsItsCalls(t *testing.T) {
	p := still()
	p.Faults.NodeLoss = 20 * time.Second
	r := play(t, Config{
		Workload: events(t, "0,f,300000,512,sleep", "600000,f,10,512,sleep"),
		Policy:   newPolicy(t, "baseline"), Platform: p, Seed: 3,
	})
	if diff := cmp.Diff(map[string]int{"NodeLost": 1}, r.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if got := r.Counted[0].Failed[0]; got != r.NodeTime || r.NodesLost == 0 {
		t.Errorf("the call failed after %v, its node lived for %v", got, r.NodeTime)
	}
}

// Everything goes wrong, and still every call has an outcome and the books are right.
func TestFaults(t *testing.T) {
	for _, name := range []string{"baseline", "adaptive"} {
		t.Run(name, func(t *testing.T) {
			p := Reference(1)
			p.Remove = 20 * ms
			p.Faults = Faults{NodeLoss: 8 * time.Second, Slow: 0.3, Slowness: 5, Failed: 0.2}
			r := play(t, Config{Workload: contest(t, 8*time.Second, 1), Policy: newPolicy(t, name), Platform: p, Seed: 1})
			if r.NodesLost == 0 || r.Failures["NodeLost"] == 0 {
				t.Errorf("%d nodes were lost, and failed %v", r.NodesLost, r.Failures)
			}
			if r.Total.Failures == r.Total.Calls {
				t.Error("no call succeeded")
			}
			if r.PeakNodes > p.Nodes {
				t.Errorf("%d nodes at a time, there are %d", r.PeakNodes, p.Nodes)
			}
		})
	}
}

// A slow node takes its factor longer for all CPU work and for the delay of creations.
func TestSlowNode(t *testing.T) {
	p := still()
	p.Faults = Faults{Slow: 1, Slowness: 3}
	r := play(t, Config{Workload: events(t, "0,f,100,2048,cpu"), Policy: newPolicy(t, "baseline"), Platform: p})
	if s := r.Total; s.Schedule.Max != 1500*ms || s.Response.Max != 1800*ms {
		t.Errorf("granted after %v, over after %v: want 1.5 s and 1.8 s", s.Schedule.Max, s.Response.Max)
	}
}
