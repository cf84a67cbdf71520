package sim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

func cost(r *Result) float64 {
	return slowdownWeight*r.Total.MeanSlowdown + memoryWeight*r.NormalizedMemory
}

func withOracle(w *trace.Workload, p Platform, declared int, seen bool) Config {
	o := NewOracle(OracleConfig{Workload: w, Platform: p, Declared: declared, Seen: seen})
	return Config{Workload: w, Policy: o, Platform: p, Declared: declared, Seed: 1}
}

// limited is the memory platform with so many times the mean busy memory; 0 is without limit.
func limited(w *trace.Workload, factor float64) Platform {
	return Memory(w, int64(factor*BusyMemory(w)), 1)
}

// A function that is called every minute has no cold start but the first, and a
// container only while one is made and in use.
func TestOraclePrewarms(t *testing.T) {
	lines := make([]string, 0, 10)
	for i := range 10 {
		lines = append(lines, fmt.Sprintf("%d,f,1000,128,sleep", 60_000*(i+1)))
	}
	w := events(t, append(lines, "700000,f,0,128,sleep")...)
	for _, seen := range []bool{false, true} {
		p := limited(w, 0)
		r := play(t, withOracle(w, p, 1, seen))
		want := 0
		if seen {
			want = 1
		}
		if r.Total.ColdStarts != want || r.Total.Waits != 0 || r.Created != 11 {
			t.Errorf("seen %v: %d cold starts, %d waits, %d containers: want %d, none and one a call",
				seen, r.Total.ColdStarts, r.Total.Waits, r.Created, want)
		}
		// Ten calls of a second, and eleven creations; the load ends as the last call begins.
		if want := 1 + 11*p.Create(0).Delay.Seconds()/10; !seen && !near(r.NormalizedMemory, want, 1e-3) {
			t.Errorf("normalised memory %v, want %v", r.NormalizedMemory, want)
		}
	}
}

// Every call begins when planned, give or take some ticks of waiting for a
// container to leave. The second memory is too little for all calls at once.
func TestOraclePlanIsCarriedOut(t *testing.T) {
	w, err := trace.Open("heavy-tail", trace.Options{Length: 3 * time.Minute, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, factor := range []float64{0, 0.5} {
		cfg := withOracle(w, limited(w, factor), 1, true)
		o := cfg.Policy.(*Oracle)
		planned, arrived := map[engine.Ticket]time.Duration{}, make([]int, len(w.Functions))
		calls, late := 0, 0
		cfg.Observe = func(now engine.Instant, ev *engine.Event, actions []engine.Action) {
			if ev.Kind == engine.Acquire {
				f := o.names[ev.Function.Name]
				planned[ev.Ticket] = o.plans[f].starts[arrived[f]]
				arrived[f]++
			}
			for i := range actions {
				if a := &actions[i]; a.Kind == engine.Grant {
					calls++
					if off := (time.Duration(now) - planned[a.Ticket]).Abs(); off > 5*tick {
						late++
					}
				}
			}
		}
		r := run(t, cfg)
		if calls != r.Total.Calls || late > 0 {
			t.Errorf("%v times the busy memory: of %d calls %d were granted, %d not when planned", factor, r.Total.Calls, calls, late)
		}
	}
}

// No policy does better, however much memory there is.
func TestOracleIsTheLimit(t *testing.T) {
	for _, name := range []string{"bursts", "contest-2020", "periodic", "steady"} {
		w, err := trace.Open(name, trace.Options{Length: time.Minute, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, w, []float64{0, 1.2}, 1)
		compare(t, w, []float64{0}, 0)
	}
}

func TestOracleIsTheLimitOfAzure(t *testing.T) {
	folder := os.Getenv("MINIFAAS_TRACES")
	if folder == "" {
		t.Skip("MINIFAAS_TRACES is not set: want the folder with azure-2019")
	}
	w, err := trace.Open(filepath.Join(folder, "azure-2019", "small.csv"), trace.Options{})
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	compare(t, w, []float64{0, 1.2, 2, 4}, 1)
	compare(t, w, []float64{0, 1.2}, 0)
}

func compare(t *testing.T, w *trace.Workload, factors []float64, declared int) {
	t.Helper()
	for _, factor := range factors {
		p := limited(w, factor)
		all := run(t, withOracle(w, p, declared, false))
		seen := run(t, withOracle(w, p, declared, true))
		t.Logf("%s, memory × %v, concurrency %d: oracle %.3f, oracle-seen %.3f", w.Name, factor, declared, cost(all), cost(seen))
		for _, name := range []string{"ttl-60", "ttl-600", "ttl-inf", "greedy-dual", "hybrid-histogram", "adaptive"} {
			r := run(t, Config{Workload: w, Policy: newPolicy(t, name), Platform: p, Declared: declared, Seed: 1})
			if cost(r) < cost(seen) || cost(r) < cost(all) {
				t.Errorf("%s, memory × %v, concurrency %d: %s costs %.4f, less than oracle-seen with %.4f or oracle with %.4f",
					w.Name, factor, declared, name, cost(r), cost(seen), cost(all))
			}
		}
	}
}

// Plans are the same on every processor architecture: this file is.
func TestOraclePlanIsPortable(t *testing.T) {
	w := contest(t, 2*time.Minute, 3)
	sum := fnv.New64a()
	for _, factor := range []float64{0, 0.2} {
		for _, plan := range NewOracle(OracleConfig{Workload: w, Platform: limited(w, factor)}).plans {
			fmt.Fprintln(sum, plan.at, plan.want, plan.starts)
		}
	}
	got := fmt.Sprintf("%016x\n", sum.Sum64())
	file := filepath.Join("testdata", "oracle.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("hash (-want +got; -update accepts it when workload or plan have changed):\n%s", diff)
	}
}
