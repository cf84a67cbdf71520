package policies

import (
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestSpread(t *testing.T) {
	heights := func(at ...vg.Length) []vg.Length {
		all := make([]placed, len(at))
		for i, y := range at {
			all[i].at.Y = y
		}
		spread(all, 0, 100, 10)
		var labels []vg.Length
		for _, p := range all {
			labels = append(labels, p.label)
		}
		return labels
	}
	for _, c := range []struct{ at, want []vg.Length }{
		{[]vg.Length{90, 50, 20}, []vg.Length{90, 50, 20}},
		{[]vg.Length{90, 89, 88}, []vg.Length{90, 80, 70}},
		{[]vg.Length{5, 4, 3}, []vg.Length{20, 10, 0}},
		{[]vg.Length{120}, []vg.Length{100}},
	} {
		if got := heights(c.at...); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.at, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	s := spanOf([]float64{2, 10}, []float64{1, 40, 500}, 5)
	if s.low > 1 || s.high < 40 || s.high > 100 {
		t.Errorf("%v: want 1 to 40, with a margin", s)
	}
	if at, shown := s.clamp(500); shown || at != s.high {
		t.Error(at, shown)
	}
	if at, shown := s.clamp(7); !shown || at != 7 {
		t.Error(at, shown)
	}
}

func TestTicks(t *testing.T) {
	labels := func(s span) []string {
		ticks := linearTicks(s.low, s.high)
		if s.wide() {
			ticks = logTicks(s.low, s.high)
		}
		var all []string
		for _, tick := range ticks {
			all = append(all, tick.Label)
		}
		return all
	}
	for s, want := range map[span][]string{
		{0.9, 1.24}: {"0.9", "0.95", "1", "1.05", "1.1", "1.15", "1.2"},
		{1.3, 4.2}:  {"1.5", "2", "3", "4"},
		{40, 3000}:  {"50", "100", "200", "500", "1000", "2000"},
	} {
		if got := labels(s); !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", s, got, want)
		}
	}
}
