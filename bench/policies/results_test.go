package policies

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/score"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

var (
	shop   = play.Setting{Workload: "shop", Platform: play.Reference, CreateScale: 1}
	narrow = play.Setting{Workload: "shop", Platform: play.Memory, CreateScale: 1, MemoryFactor: 2, Declared: 1}
)

// invented are results of three seeds with figures that can be checked by hand:
// a call of policy p with the seed s takes times[p] + s/100 seconds.
func invented(t *testing.T) *Results {
	t.Helper()
	plan := &Plan{
		policies: []string{play.Adaptive, play.Baseline, "lru", play.Oracle}, contest: []play.Setting{shop},
		memory:  []memoryGroup{{Title: "shop", ID: "shop", settings: []play.Setting{narrow}, swept: true}},
		ablated: []play.Setting{shop}, seeds: map[string]int{"shop": 3},
	}
	times := map[string]float64{play.Adaptive: 1, play.Baseline: 2, "lru": 1.5, play.Oracle: 0.5}
	held := map[string]float64{play.Adaptive: 3, play.Baseline: 2, "lru": 4, play.Oracle: 1}
	figures := map[play.Cell]play.Figures{}
	for _, c := range plan.Cells() {
		if c.Setting.Workload != "shop" {
			continue
		}
		name := c.Entrant.Policy
		took := times[name] + float64(c.Seed)/100
		memory := held[name]
		if c.Entrant != adaptive {
			memory += c.Entrant.Config.LatencyWeight // a sweep that only takes more memory
		}
		figures[c.Canonical()] = play.Figures{
			Calls: 1000, ColdStarts: int(100 * took), MeanSlowdown: took, P99Slowdown: 10 * took, NormalizedMemory: memory,
			Counted:  []score.Function{{Name: "f", Succeeded: 10, ResponseTime: time.Duration(10 * took * float64(time.Second))}},
			NodeTime: time.Duration(memory * float64(time.Minute)),
		}
	}
	return NewResults(plan, figures)
}

func TestTableGolden(t *testing.T) {
	r := invented(t)
	golden(t, "reference.md", r.compared(shop, ofContest)+"\n")
	golden(t, "memory.md", r.compared(narrow, ofMemory)+"\n")
	golden(t, "losses.md", r.lossTable()+"\n")
}

// TestWhoLosesCallsIsNotTheBest, as long as another one serves them.
func TestWhoLosesCallsIsNotTheBest(t *testing.T) {
	r := invented(t)
	fail := func(policy string, calls int) {
		for c, f := range r.figures {
			if c.Entrant.Policy == policy {
				f.Failures = calls
				r.figures[c] = f
			}
		}
		r.cache = map[play.Cell]outcome{}
	}
	for _, step := range []struct {
		policy string
		fails  int
		want   string
	}{{play.Baseline, 1, play.Baseline}, {play.Baseline, 2, "lru"}, {"lru", 2, play.Baseline}, {"lru", 0, "lru"}, {play.Adaptive, 2, play.Baseline}} {
		fail(step.policy, step.fails)
		if best, _ := r.best(shop, scored); best.Policy != step.want {
			t.Errorf("%s fails %d of 1,000 calls: the best is %s, want %s", step.policy, step.fails, best.Policy, step.want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	r := invented(t)
	if d := r.dominators(narrow); len(d) != 0 {
		t.Errorf("nobody is both faster than adaptive and smaller: %v", d)
	}
	// Costs are 0.75 × mean slowdown + 0.25 × memory, with 0.02 for the mean seed:
	// adaptive 1.515, lru 2.14, baseline 2.015, the oracle 0.64.
	if got, want := r.closed(narrow), (2.015-1.515)/(2.015-0.64); !near(got, want) {
		t.Errorf("closed %v, want %v", got, want)
	}
	// Of the rivals lru starts the fewest, 152, with 4 of memory; adaptive needs 3 to 4 for its 102.
	if l, want := r.leastPublished(narrow, cold), (least{"lru", 152, 4, 102}); l != want {
		t.Errorf("%+v, want %+v", l, want)
	}
	// A rival that fails calls is not counted.
	for c, figures := range r.figures {
		if c.Entrant.Policy == "lru" {
			figures.Failures = 2
			r.figures[c] = figures
		}
	}
	r = NewResults(r.plan, r.figures)
	if l := r.leastPublished(narrow, cold); l.rival != play.Baseline {
		t.Errorf("%+v", l)
	}
	// Where all do, nobody is.
	for c, figures := range r.figures {
		if c.Entrant.Policy == play.Baseline {
			figures.Failures = 2
			r.figures[c] = figures
		}
	}
	r = NewResults(r.plan, r.figures)
	if table := r.exchangeTable(memoryGroup{settings: []play.Setting{narrow}}); !strings.Contains(table, "| cold starts | – |  | – | – | – |") {
		t.Errorf("with nobody to compare with:\n%s", table)
	}
	for c, figures := range r.figures {
		if c.Entrant.Policy == play.Baseline {
			figures.Failures = 0
			r.figures[c] = figures
		}
	}
	// Adaptive slower than the baseline, which holds less memory: behind the frontier.
	for c, figures := range r.figures {
		if c.Entrant.Policy == play.Adaptive {
			figures.P99Slowdown = 99
			r.figures[c] = figures
		}
	}
	r = NewResults(r.plan, r.figures)
	if d := r.dominators(narrow); len(d) != 1 || d[0].Policy != play.Baseline {
		t.Errorf("dominators %v", d)
	}
}
