package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// events makes a workload of lines of an event CSV.
func events(t *testing.T, lines ...string) *trace.Workload {
	t.Helper()
	text := "offset_ms,function,duration_ms,memory_mb,kind\n" + strings.Join(lines, "\n") + "\n"
	w, err := trace.ReadCSV(strings.NewReader(text), "events", 0)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// specified makes a workload of a specification's functions, over 10 s.
func specified(t *testing.T, functions ...string) *trace.Workload {
	t.Helper()
	text := "name: specified\nlength: 10s\nseed: 1\nfunctions:\n- " + strings.Join(functions, "\n- ") + "\n"
	spec, err := trace.ReadSpec(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.Workload()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func contest(t testing.TB, length time.Duration, seed uint64) *trace.Workload {
	t.Helper()
	w, err := trace.Open("contest-2020", trace.Options{Length: length, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// still is the reference platform on which reservations take no time, so that
// figures can be computed by hand.
func still() Platform {
	p := Reference(1)
	p.Reserve = 0
	return p
}

func newPolicy(t testing.TB, name string) engine.Policy {
	t.Helper()
	p, err := policy.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// play runs the workload with the engine's invariants checked after each step,
// and the books of the world at the end.
func play(t *testing.T, cfg Config) *Result {
	t.Helper()
	w, err := newWorld(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.check = (*engine.Engine).Check
	if err := w.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkBooks(t, w)
	return w.result()
}

func checkBooks(t *testing.T, w *world) {
	t.Helper()
	want := Sample{At: w.meter.now.At}
	for _, n := range w.nodes {
		if !n.gone {
			want.Nodes++
		}
	}
	for c := range w.boxes.all() {
		want.Containers++
		if c.idle() {
			want.Idle++
		}
		if c.node.boxes[c.place] != c {
			t.Errorf("container %s is not in its place on node %s", c.id, c.node.id)
		}
	}
	if diff := cmp.Diff(want, w.meter.now); diff != "" {
		t.Errorf("counts at the end (-recounted +counted):\n%s", diff)
	}
	total := 0
	for i := range w.tallies {
		total += w.tallies[i].calls
	}
	if total != w.calls.arrived || w.calls.open != 0 {
		t.Errorf("%d calls came, %d have an outcome, %d are open", w.calls.arrived, total, w.calls.open)
	}
}

// One function in 2 GiB, hence a whole core for one call. A creation alone takes
// 0.1 s and 0.4 CPU-seconds.
func TestByHand(t *testing.T) {
	r := play(t, Config{
		Workload: events(t, "0,f,100,2048,cpu", "1000,f,100,2048,cpu", "2000,f,100,2048,cpu"),
		Policy:   newPolicy(t, "baseline"), Platform: still(),
	})
	want := Summary{
		Name: "f", Calls: 3, ColdStarts: 1,
		Schedule: Latency{Mean: 500 * ms / 3, P50: 0, P99: 500 * ms, Max: 500 * ms},
		Response: Latency{Mean: 800 * ms / 3, P50: 100 * ms, P99: 600 * ms, Max: 600 * ms},
		// 6, 1 and 1.
		MeanSlowdown: 8.0 / 3, P99Slowdown: 6,
	}
	if diff := cmp.Diff(want, r.Functions[0]); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
	if r.NodeTime != 2*time.Second || r.PeakNodes != 1 || r.Created != 1 {
		t.Errorf("node time %v, %d nodes, %d containers: want 2 s of one node and one container", r.NodeTime, r.PeakNodes, r.Created)
	}
	// The container is there for 2 s; the third call begins as the load ends.
	if got, want := r.NormalizedMemory, 2/0.2; !near(got, want, 1e-9) {
		t.Errorf("normalised memory %v, want %v", got, want)
	}
	if got := r.P99SlowdownGeomean; !near(got, 6, 1e-9) {
		t.Errorf("geometric mean %v, want 6", got)
	}
	if got := r.Counted[0].ResponseTime; got != 800*ms {
		t.Errorf("counted response time %v, want 0.8 s", got)
	}
}

// One or two creations have a core each; four take turns: 0.1 s, then 4 × 0.4
// CPU-seconds on 2 cores.
func TestCreationsShareTheNode(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 500 * ms, 2: 500 * ms, 4: 900 * ms} {
		lines := []string{"0,g,10,512,sleep"} // takes the node, on which the others then find room
		for range n {
			lines = append(lines, "1000,f,10,512,sleep")
		}
		r := play(t, Config{Workload: events(t, lines...), Policy: newPolicy(t, "baseline"), Platform: still()})
		if got := r.Functions[1].Schedule.Max; got != want || r.PeakNodes != 1 {
			t.Errorf("%d creations on %d nodes took %v, want %v on one", n, r.PeakNodes, got, want)
		}
	}
}

func TestEngineIsToldOfTheFunction(t *testing.T) {
	w := events(t, "0,f,10,512,sleep")
	w.Functions[0].Account = "tenant"
	play(t, Config{
		Workload: w, Policy: newPolicy(t, "baseline"), Platform: still(), Declared: 7,
		Observe: func(_ engine.Instant, ev *engine.Event, _ []engine.Action) {
			want := engine.FunctionSpec{Name: "f", Memory: 512 << 20, Timeout: w.Functions[0].Timeout, Concurrency: 7}
			if ev.Kind == engine.Acquire && (ev.Account != "tenant" || ev.Function != want) {
				t.Errorf("account %q, function %+v: want %+v of tenant", ev.Account, ev.Function, want)
			}
		},
	})
}

func TestSlowdownCountsFailuresAndTinyCalls(t *testing.T) {
	p := still()
	p.Nodes, p.Available = 1, 0 // and never any
	r := play(t, Config{Workload: events(t, "0,f,500,512,sleep", "0,tiny,0,512,sleep"), Policy: newPolicy(t, "baseline"), Platform: p})
	if diff := cmp.Diff(map[string]int{"NoCapacity": 2}, r.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if got := r.Functions[0].MeanSlowdown; got != 120 {
		t.Errorf("slowdown of a failed call of 0.5 s: %v, want 60 s / 0.5 s", got)
	}
	if got := r.Functions[1].MeanSlowdown; got != 60000 {
		t.Errorf("slowdown of a failed call of no work: %v, want 60 s / 1 ms", got)
	}
	if got := r.Counted[0].Failed; !cmp.Equal(got, []time.Duration{0}) {
		t.Errorf("time until failure in the score: %v, want 0", got)
	}
}

func near(got, want, tolerance float64) bool {
	return got >= want*(1-tolerance) && got <= want*(1+tolerance)
}
