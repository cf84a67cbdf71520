package play

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/minifaas/minifaas/scheduler/policy"
)

// Cells are played once for all that are canonical the same: they must find the same.
func TestCanonicalCellsFindTheSame(t *testing.T) {
	small := Setting{Workload: "herd", Length: time.Minute, Platform: Memory, CreateScale: 1, MemoryFactor: 1.5}
	unlimited := small
	unlimited.MemoryFactor = 0
	told := 0
	for _, s := range []Setting{small, unlimited} {
		for _, name := range policy.Names {
			c := Cell{Setting: s, Entrant: Entrant{Policy: name}, Seed: 1}
			if c == c.Canonical() {
				continue
			}
			told++
			// The history tells apart what functions declare, the figures do not.
			if diff := cmp.Diff(figures(t, c.Canonical()), figures(t, c), cmpopts.IgnoreFields(Figures{}, "Hash", "Took")); diff != "" {
				t.Errorf("%s at %v × memory: %s", name, s.MemoryFactor, diff)
			}
		}
	}
	if told < len(policy.Names) {
		t.Errorf("only %d cells are played as others", told)
	}
}

func figures(t *testing.T, c Cell) Figures {
	t.Helper()
	sc, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulate(t.Context(), c, sc)
	if err != nil {
		t.Fatal(err)
	}
	if f.Calls == 0 {
		t.Fatalf("%v: no calls", c)
	}
	return f
}

// A load that never changes is no reason to change anything.
func TestAdaptiveDoesNotOscillate(t *testing.T) {
	c := Cell{
		Setting: Setting{Workload: Constant, Platform: Reference, CreateScale: 1},
		Entrant: Entrant{Policy: Adaptive}, Seed: 1,
	}
	f := figures(t, c)
	if s := *f.Containers; !s.Steady() || s.Median == 0 {
		t.Errorf("containers after %v of 24 h of constant load: %+v: want within 1 of the median", Settling, s)
	}
	if f.Failures > 0 {
		t.Errorf("%d failures", f.Failures)
	}
}
