package sim

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func run(t testing.TB, cfg Config) *Result {
	t.Helper()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeedDecidesAll(t *testing.T) {
	for _, name := range []string{"baseline", "adaptive"} {
		hash := func(seed uint64) uint64 {
			p := Reference(1)
			p.Faults = Faults{NodeLoss: time.Minute, Slow: 0.1, Slowness: 2, Failed: 0.01}
			return run(t, Config{
				Workload: contest(t, 20*time.Second, 7), Policy: newPolicy(t, name), Platform: p, Seed: seed,
			}).Hash
		}
		if a, b := hash(1), hash(1); a != b {
			t.Errorf("%s: two histories of one seed: %016x and %016x", name, a, b)
		}
		if a, b := hash(1), hash(2); a == b {
			t.Errorf("%s: one history of two seeds: %016x", name, a)
		}
	}
}

// The history is the same on every processor architecture: this file is.
func TestHistoryIsPortable(t *testing.T) {
	reference := Reference(1)
	reference.Faults = Faults{NodeLoss: time.Minute, Slow: 0.2, Slowness: 1.7, Failed: 0.05}
	w := contest(t, 30*time.Second, 3)
	var got strings.Builder
	for _, p := range []Platform{reference, Memory(w, gib, 3)} {
		r := run(t, Config{Workload: w, Policy: newPolicy(t, "baseline"), Platform: p, Seed: 3})
		got.WriteString(r.HistoryHash() + "\n")
	}
	file := filepath.Join("testdata", "history.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("hashes (-want +got; -update accepts them when engine, policy or workload have changed):\n%s", diff)
	}
}

// The figures of the contest's baseline, as they were when this was written.
func TestContestBaseline(t *testing.T) {
	r := run(t, Config{Workload: contest(t, 0, 2020), Policy: newPolicy(t, "baseline"), Platform: Reference(1), Seed: 1})
	for _, f := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"calls", float64(r.Total.Calls), 73156, 0.02},
		{"cold starts", float64(r.Total.ColdStarts), 219, 0.1},
		{"peak nodes", float64(r.PeakNodes), 20, 0},
		{"node-seconds", r.NodeTime.Seconds(), 24130, 0.02},
		{"normalised memory", r.NormalizedMemory, 6.67, 0.05},
		{"containers removed", float64(r.Removed), 0, 0},
		{"functions", float64(len(r.Functions)), 15, 0},
	} {
		if !near(f.got, f.want, f.tolerance) {
			t.Errorf("%s: %v, want %v ± %v %%", f.name, f.got, f.want, 100*f.tolerance)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Run(ctx, Config{
		Workload: contest(t, 0, 1), Policy: newPolicy(t, "baseline"), Platform: Reference(1),
		Progress: func(done, total int) {
			if done > total/2 {
				cancel()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Partial || r.Played <= 0 || r.Played >= r.Workload.Length || r.Total.Calls == 0 {
		t.Errorf("partial %v, %v of %v played, %d calls", r.Partial, r.Played, r.Workload.Length, r.Total.Calls)
	}
	if most := time.Duration(r.PeakNodes) * r.Played; r.NodeTime <= 0 || r.NodeTime > most {
		t.Errorf("node time %v, at most %v", r.NodeTime, most)
	}
	if _, err := r.Score(); err == nil {
		t.Error("a partial result has a score")
	}
}

func TestSamples(t *testing.T) {
	w := contest(t, 20*time.Second, 1)
	r := run(t, Config{Workload: w, Policy: newPolicy(t, "baseline"), Platform: Reference(1)})
	if len(r.Samples) != samples || r.Samples[samples-1].At != w.Length || r.Samples[0].At != w.Length/samples {
		t.Fatalf("%d samples", len(r.Samples))
	}
	last, nodes := r.Samples[samples-1], 0
	for _, s := range r.Samples {
		nodes = max(nodes, s.Nodes)
		if s.Idle > s.Containers || s.Nodes < 0 || s.Waiting < 0 || s.Running < 0 {
			t.Fatalf("impossible: %+v", s)
		}
	}
	if nodes != r.PeakNodes || last.Containers != r.Created { // the baseline keeps all
		t.Errorf("samples have %d nodes and %d containers at last, the result %d and %d", nodes, last.Containers, r.PeakNodes, r.Created)
	}
}

// large is a trace of Azure with 849,913 calls.
func large(t testing.TB) *trace.Workload {
	t.Helper()
	folder := os.Getenv("MINIFAAS_TRACES")
	if folder == "" {
		t.Skip("MINIFAAS_TRACES is not set: want the folder with azure-2019")
	}
	w, err := trace.Open(filepath.Join(folder, "azure-2019", "large.csv.gz"), trace.Options{})
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLarge(t *testing.T) {
	w := large(t)
	r := run(t, Config{Workload: w, Policy: newPolicy(t, "adaptive"), Platform: Memory(w, 0, 1), Seed: 1})
	if r.Total.Calls != 849913 || r.Total.Failures != 0 {
		t.Errorf("%d calls, failures %v: want 849913 without failures", r.Total.Calls, r.Failures)
	}
}

func BenchmarkLarge(b *testing.B) {
	w := large(b)
	for b.Loop() {
		run(b, Config{Workload: w, Policy: newPolicy(b, "adaptive"), Platform: Memory(w, 0, 1), Seed: 1})
	}
}
