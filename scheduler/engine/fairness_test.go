package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/engine/enginetest"
)

// One account sends far more calls than all memory can run. Another one's few
// calls wait for about one call, one removal and one cold start, whatever the
// flood is made of.
func TestFloodKeepsNobodyWaiting(t *testing.T) {
	floods := map[string][]enginetest.Function{
		"one function":   {flood("flood", 1, 1)},
		"shared":         {flood("flood", 8, 1)},
		"many functions": nil,
	}
	for i := range 10 {
		floods["many functions"] = append(floods["many functions"], flood(fmt.Sprint("flood-", i), 1, 10))
	}
	for name, functions := range floods {
		for _, victim := range []struct {
			policy string
			memory engine.Bytes
		}{{"lru", 128 * mib}, {"lru", 512 * mib}, {"adaptive", 128 * mib}} {
			t.Run(fmt.Sprintf("%s/%s/%d MiB", name, victim.policy, victim.memory/mib), func(t *testing.T) {
				t.Parallel()
				var waited time.Duration
				for seed := range uint64(3) {
					r, err := enginetest.Run(newEngine(t, victim.policy), enginetest.Config{
						Seed: seed, Length: 10 * time.Second, Nodes: 2, Memory: 1024 * mib, ColdStart: 100 * time.Millisecond, CheckEvery: 997,
						Functions: append([]enginetest.Function{{
							Account: "victim", Spec: engine.FunctionSpec{Name: "single", Memory: victim.memory}, Mean: 10 * time.Millisecond, Every: 2 * time.Second, Calls: 3,
						}}, functions...),
					})
					if err != nil {
						t.Fatal(err)
					}
					if flooded := r.WaitedBy["flood"]; flooded < time.Second {
						t.Fatalf("the flood's calls waited for %v at most: it is none", flooded)
					}
					waited = max(waited, r.WaitedBy["victim"])
				}
				t.Logf("%v at most", waited)
				// adaptive is patient: what others use is worth more to it at first.
				if limit := 5 * time.Second; waited > limit {
					t.Errorf("a call waited for %v, more than %v", waited, limit)
				}
			})
		}
	}
}

// flood is one of so many functions that together send 1000 calls a second.
func flood(name string, concurrency, of int) enginetest.Function {
	return enginetest.Function{
		Account: "flood", Spec: engine.FunctionSpec{Name: name, Memory: 128 * mib, Concurrency: concurrency},
		Mean: 300 * time.Millisecond, Every: 20 * time.Millisecond * time.Duration(of), Burst: 20,
	}
}

// Accounts that all want more than there is get the same memory each, though
// one has many functions, one few large containers, and one long calls.
func TestAccountsShareMemory(t *testing.T) {
	functions := []enginetest.Function{
		{Account: "plain", Spec: engine.FunctionSpec{Name: "plain", Memory: 128 * mib, Concurrency: 1}, Mean: 200 * time.Millisecond},
		{Account: "large", Spec: engine.FunctionSpec{Name: "large", Memory: 512 * mib, Concurrency: 1}, Mean: 200 * time.Millisecond},
		{Account: "long", Spec: engine.FunctionSpec{Name: "long", Memory: 128 * mib, Concurrency: 1}, Mean: time.Second},
	}
	for i := range 10 {
		functions = append(functions, enginetest.Function{
			Account: "many", Spec: engine.FunctionSpec{Name: fmt.Sprint("many-", i), Memory: 128 * mib, Concurrency: 1}, Mean: 200 * time.Millisecond,
		})
	}
	account := map[string]string{}
	for i := range functions {
		f := &functions[i]
		f.Every, f.Burst, f.Calls = 10*time.Millisecond, 900, 1
		account[f.Spec.Name] = f.Account
	}
	held := map[string]float64{} // bytes times seconds
	last := engine.Instant(0)
	cfg := enginetest.Config{
		Seed: 1, Length: time.Minute, Nodes: 4, Memory: 2048 * mib, ColdStart: 100 * time.Millisecond, CheckEvery: 997, Functions: functions,
		After: func(e *engine.Engine, now engine.Instant, _ *engine.Event, _ []engine.Action) error {
			if now > engine.Instant(5*time.Second) && now < engine.Instant(15*time.Second) && now > last {
				for _, n := range e.Status().Nodes {
					for _, c := range n.Containers {
						held[account[c.Function]] += float64(c.Booked) * now.Sub(last).Seconds()
					}
				}
			}
			last = now
			return nil
		},
	}
	if _, err := enginetest.Run(newEngine(t, "lru"), cfg); err != nil {
		t.Fatal(err)
	}
	sum, squares := 0.0, 0.0
	for _, h := range held {
		sum += h
		squares += h * h
	}
	jain := sum * sum / (squares * float64(len(held)))
	t.Logf("Jain's index %.3f of %v", jain, held)
	if len(held) != 4 || jain < 0.9 {
		t.Errorf("Jain's index of memory is %.3f over %d accounts, want at least 0.9 over 4", jain, len(held))
	}
}
