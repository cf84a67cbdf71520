package shadow

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

func config(live string, others ...string) Config {
	return Config{Live: live, Policies: others, Nodes: 20, Available: 10, Refill: 5 * time.Second, CPU: 2}
}

func newRunner(t *testing.T, cfg Config) *Runner {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// events is a workload from lines offset_ms,function,duration_ms,memory_mb,kind.
func events(t *testing.T, lines ...string) *trace.Workload {
	t.Helper()
	w, err := trace.ReadCSV(strings.NewReader("offset_ms,function,duration_ms,memory_mb,kind\n"+strings.Join(lines, "\n")+"\n"), "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// liveRun plays the workload with a simulated platform in the place of the live one.
func liveRun(t *testing.T, name string, w *trace.Workload, tap func(engine.Instant, *engine.Event, []engine.Action)) *sim.Result {
	t.Helper()
	p, err := policy.New(name)
	if err != nil {
		t.Fatal(err)
	}
	platform := sim.Reference(1)
	platform.Create = func(int) nodemodel.Creation {
		return nodemodel.Creation{Delay: 300 * time.Millisecond, Memory: 8 << 20}
	}
	platform.Reserve = 0
	r, err := sim.Run(t.Context(), sim.Config{Workload: w, Policy: p, Platform: platform, Observe: tap})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rhythm is calls of three functions, now and then two at once, over two minutes.
func rhythm(t *testing.T) *trace.Workload {
	var lines []string
	for ms := 0; ms < 120_000; ms += 500 {
		lines = append(lines, fmt.Sprintf("%d,often,%d,128,sleep", ms, 200+ms%700))
		if ms%9000 == 0 {
			lines = append(lines, fmt.Sprintf("%d,rare,1500,512,sleep", ms), fmt.Sprintf("%d,rare,900,512,sleep", ms+1))
		}
	}
	return events(t, lines...)
}

// TestControlIsTheLiveRun: where the live platform is the model itself, the
// control counts what the live meter counts, and a shadow what its own live run would.
func TestControlIsTheLiveRun(t *testing.T) {
	w := rhythm(t)
	p := newPlayer(config("ttl-60", "baseline"))
	live := liveRun(t, "ttl-60", w, func(now engine.Instant, ev *engine.Event, actions []engine.Action) {
		s := sighting{now: now, event: *ev, actions: actions}
		p.see(&s)
	})
	for p.feed() {
	}
	runs := p.report().Runs
	if len(runs) != 3 {
		t.Fatalf("%d runs, want live, control and shadow: %+v", len(runs), runs)
	}
	if runs[0].Calls != live.Total.Calls || runs[0].ColdStarts != live.Total.ColdStarts || live.Total.ColdStarts < 3 {
		t.Errorf("live: %d calls, %d cold; want %d and %d", runs[0].Calls, runs[0].ColdStarts, live.Total.Calls, live.Total.ColdStarts)
	}
	same := cmp.Options{cmpopts.IgnoreFields(Run{}, "Kind"), cmpopts.EquateApprox(0.002, 0)}
	nodeTimes := cmp.Comparer(func(a, b time.Duration) bool { return max(a-b, b-a) < 100*time.Millisecond })
	if diff := cmp.Diff(runs[0], runs[1], same, nodeTimes); diff != "" {
		t.Errorf("control (-live +control):\n%s", diff)
	}
	other := liveRun(t, "baseline", w, nil)
	if runs[2].Kind != Shadow || runs[2].ColdStarts != other.Total.ColdStarts || runs[2].Calls != other.Total.Calls {
		t.Errorf("shadow: %+v; live, the policy has %d calls, %d cold", runs[2], other.Total.Calls, other.Total.ColdStarts)
	}
}

// TestRunFollows: what is tapped is reported, through the metrics too, while the
// platform goes on.
func TestRunFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(t, config("baseline", "ttl-600"))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		live := liveRun(t, "baseline", events(t, "0,f,100,128,sleep", "1000,f,100,128,sleep"), r.Tap)
		time.Sleep(5 * time.Second) // of the bubble's clock
		cancel()
		running.Wait()
		report := r.Report()
		if len(report.Runs) != 3 || report.Runs[2].Calls != live.Total.Calls {
			t.Errorf("report: %+v, want 2 calls in each of 3 runs", report)
		}
		// Nodes go on to be paid for without calls.
		if got := report.Runs[2].NodeTime; got < 4*time.Second {
			t.Errorf("a node that is kept was there for %v", got)
		}
		if diff := cmp.Diff(report, scraped(t, r), cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
			t.Errorf("the report from its metrics (-want +got):\n%s", diff)
		}
	})
}

// scraped is the report as one reads it over HTTP.
func scraped(t *testing.T, r *Runner) *Report {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r)
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Read(families)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestTapNeverWaits: without anyone who takes them, calls are dropped and counted, and
// what becomes of nodes has room beyond them.
func TestTapNeverWaits(t *testing.T) {
	r := newRunner(t, config("baseline"))
	for i := range callRoom + 5 {
		r.Tap(1, &engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i)}, nil)
	}
	r.Tap(2, &engine.Event{Kind: engine.NodeReady, Node: "n"}, nil)
	if full, missed := r.full.Load(), r.missed.Load(); full != 5 || missed != 0 {
		t.Errorf("%d calls dropped and %d events missed, want 5 and 0", full, missed)
	}
	for range sightings {
		r.Tap(3, &engine.Event{Kind: engine.NodeReady, Node: "n"}, nil)
	}
	if missed := r.missed.Load(); missed != callRoom+1 {
		t.Errorf("%d events missed, want %d", missed, callRoom+1)
	}
}

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{Live: "baseline", Policies: []string{"clever", "ttl-60", "ttl-60"}, Available: -1, Refill: -1})
	for _, want := range []string{
		`policy "clever": unknown`, "shadow policy ttl-60: named twice", "nodes of shadows 0: want 1 or more",
		"available nodes of shadows -1", "refill time of shadows -1ns", "cpu of shadows' nodes 0",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
}

func TestReportBeforeTheFirstCall(t *testing.T) {
	got := scraped(t, newRunner(t, config("baseline"))).Runs
	if diff := cmp.Diff([]Run{{Policy: "baseline", Kind: Live}}, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestReadWithoutShadows(t *testing.T) {
	if _, err := Read(nil); err != ErrNone {
		t.Errorf("got %v, want %v", err, ErrNone)
	}
}

func BenchmarkTap(b *testing.B) {
	r, err := New(config("baseline"))
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for range r.events {
		}
	}()
	grant := []engine.Action{{Kind: engine.Grant, Ticket: 1, Container: "c"}}
	ev := &engine.Event{Kind: engine.Acquire, Ticket: 1, Request: "r"}
	b.ReportAllocs()
	for b.Loop() {
		r.Tap(1, ev, grant)
	}
}

// BenchmarkShadows: what a live call costs the control and two shadows, two minutes of the contest.
func BenchmarkShadows(b *testing.B) {
	w, err := trace.Open(trace.Contest2020, trace.Options{Length: 2 * time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	var seen []sighting
	p, err := policy.New("ttl-600")
	if err != nil {
		b.Fatal(err)
	}
	r, err := sim.Run(b.Context(), sim.Config{
		Workload: w, Policy: p, Platform: sim.Reference(1),
		Observe: func(now engine.Instant, ev *engine.Event, actions []engine.Action) {
			seen = append(seen, sighting{now, *ev, slices.Clone(actions)})
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p := newPlayer(config("ttl-600", "baseline", "ttl-60"))
		for i := range seen {
			p.see(&seen[i])
			for p.feed() {
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*r.Total.Calls), "ns/call")
}
