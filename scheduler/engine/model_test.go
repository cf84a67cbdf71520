package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/engine/enginetest"
	"github.com/minifaas/minifaas/scheduler/policy"
)

const mib = engine.Bytes(1 << 20)

// rough is a world in which everything that can go wrong does.
func rough(seed uint64) enginetest.Config {
	return enginetest.Config{
		Seed:   seed,
		Length: 2 * time.Minute,
		Nodes:  int(2 + seed%4), Memory: 1024 * mib,
		Functions: []enginetest.Function{
			{Spec: engine.FunctionSpec{Name: "dense", Memory: 128 * mib}, Mean: 50 * time.Millisecond, Every: 100 * time.Millisecond},
			{Account: "b", Spec: engine.FunctionSpec{Name: "slow", Memory: 256 * mib, Timeout: 10 * time.Second}, Mean: 2 * time.Second, Every: time.Second},
			{Spec: engine.FunctionSpec{Name: "rare", Memory: 512 * mib}, Mean: time.Second, Every: 20 * time.Second},
			{Account: "b", Spec: engine.FunctionSpec{Name: "shared", Memory: 128 * mib, Concurrency: 4}, Mean: 200 * time.Millisecond, Every: 200 * time.Millisecond},
			{Account: "c", Spec: engine.FunctionSpec{Name: "huge", Memory: 2048 * mib}, Mean: time.Second, Every: 10 * time.Second},
		},
		CreateFails: 10, PermanentFails: 20, Leaves: 10, Forgets: 2, Repeats: 5, Anonymous: 20, Dies: 2, ResizeFails: 20,
		NodeDies: 30 * time.Second,
	}
}

var modelConfig = engine.Config{Resize: true}

func newEngine(t testing.TB, policyName string) *engine.Engine {
	t.Helper()
	return newEngineWith(t, policyName, modelConfig)
}

func newEngineWith(t testing.TB, policyName string, cfg engine.Config) *engine.Engine {
	t.Helper()
	p, err := policy.New(policyName)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(cfg, p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// seeds is how many worlds a policy is to survive: those that people run get more.
func seeds(policyName string, ours uint64) uint64 {
	if policyName == "adaptive" || policyName == "baseline" {
		return ours
	}
	return 2
}

func TestRoughWorld(t *testing.T) {
	for _, name := range policy.Names {
		for seed := range seeds(name, 20) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				cfg := rough(seed)
				cfg.After = func(e *engine.Engine, _ engine.Instant, ev *engine.Event, actions []engine.Action) error {
					if ev.Kind != engine.NodeLost && e.Visited() > 64 {
						return fmt.Errorf("%d objects visited for %d actions", e.Visited(), len(actions))
					}
					return nil
				}
				r, err := enginetest.Run(newEngine(t, name), cfg)
				if err != nil {
					t.Fatal(err)
				}
				if r.Granted < r.Calls/4 {
					t.Errorf("only %d of %d calls were granted: %v", r.Granted, r.Calls, r.Refused)
				}
				if limit := 60 * time.Second; r.Waited > limit {
					t.Errorf("a call waited for %v, more than %v", r.Waited, limit)
				}
			})
		}
	}
}

// A snapshot taken anywhere and restored goes on as if nothing had happened.
func TestSnapshotAnywhere(t *testing.T) {
	for _, name := range policy.Names {
		for seed := range seeds(name, 5) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				var twin *engine.Engine
				chance := rand.New(rand.NewPCG(seed, 2))
				cfg := rough(seed)
				cfg.After = func(e *engine.Engine, now engine.Instant, ev *engine.Event, _ []engine.Action) error {
					if twin != nil {
						twin.Step(now, ev, nil)
						if twin.Hash() != e.Hash() {
							return errors.New("restored engine acts differently")
						}
					}
					if chance.IntN(50) > 0 {
						return nil
					}
					a, err := e.Snapshot()
					if err != nil {
						return err
					}
					p, _ := policy.New(name)
					if twin, err = engine.Restore(modelConfig, p, a); err != nil {
						return err
					}
					if b, err := twin.Snapshot(); err != nil || !bytes.Equal(a, b) {
						return fmt.Errorf("restored engine has another state, error %w", err)
					}
					return nil
				}
				if _, err := enginetest.Run(newEngine(t, name), cfg); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// Many callers of a cold function get by with few containers.
func TestStampede(t *testing.T) {
	for seed := range uint64(20) {
		r, err := enginetest.Run(newEngine(t, "adaptive"), enginetest.Config{
			Seed: seed, Length: 10 * time.Minute, Nodes: 20, Memory: 3072 * mib,
			Functions: []enginetest.Function{{
				Spec: engine.FunctionSpec{Name: "hello", Memory: 128 * mib},
				Mean: time.Millisecond, Every: time.Second, Burst: 200, Calls: 1,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Granted != 200 || r.Created > 8 {
			t.Errorf("seed %d: %d of 200 granted with %d containers, want all with at most 8", seed, r.Granted, r.Created)
		}
	}
}

func TestSameSeedSameHistory(t *testing.T) {
	var hashes []uint64
	for range 2 {
		e := newEngine(t, "adaptive")
		if _, err := enginetest.Run(e, rough(7)); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, e.Hash())
	}
	if hashes[0] != hashes[1] {
		t.Errorf("hashes %x differ", hashes)
	}
}
