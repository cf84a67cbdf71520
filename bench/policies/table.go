package policies

import (
	"math"
	"slices"
	"strings"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/statistics"
)

// table is one in Markdown: the first column to the left, all others to the right.
type table struct {
	heading []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string { return t.align("|--:") }

// left is the table with all columns to the left, for text.
func (t *table) left() string { return t.align("|---") }

func (t *table) align(rest string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.heading)
	b.WriteString("|---" + strings.Repeat(rest, len(t.heading)-1) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// compared is a table of all policies in one setting. The best published or own
// policy of a column is bold; the oracle, which is none, never is. The last
// column is by how much the first figure is above adaptive's.
func (r *Results) compared(s play.Setting, figures []figure) string {
	t := &table{heading: []string{"policy"}}
	for _, f := range figures {
		t.heading = append(t.heading, f.name)
	}
	t.heading = append(t.heading, figures[0].name+" − adaptive's")
	entrants := r.plan.entrants(s)
	best := make([]float64, len(figures))
	for i, f := range figures {
		best[i] = r.least(entrants, s, f)
	}
	for _, e := range entrants {
		row := []string{e.Policy}
		for i, f := range figures {
			v := r.estimate(s, e, f)
			row = append(row, bold(f.estimated(v), v.Mean == best[i] && e.Policy != play.Oracle))
		}
		last := ""
		if e != adaptive {
			last = figures[0].change(r.difference(s, e, figures[0]))
		}
		t.add(append(row, last)...)
	}
	return t.String()
}

// across is a table of one figure in several settings.
func (r *Results) across(settings []play.Setting, headings []string, f figure) string {
	t := &table{heading: append([]string{"policy"}, headings...)}
	for _, name := range r.plan.policies {
		row := []string{name}
		for _, s := range settings {
			e := play.Entrant{Policy: name}
			if !slices.Contains(r.plan.entrants(s), play.Entrant{Policy: s.Twin(name)}) {
				row = append(row, "")
				continue
			}
			if twin := s.Twin(name); twin != name {
				row = append(row, "= "+twin)
				continue
			}
			v := r.estimate(s, e, f)
			row = append(row, bold(f.estimated(statistics.Estimate{Mean: v.Mean, Half: math.NaN()}), v.Mean == r.least(r.plan.entrants(s), s, f) && name != play.Oracle))
		}
		t.add(row...)
	}
	return t.String()
}

// least is the smallest mean of a figure, the oracle's left out.
func (r *Results) least(entrants []play.Entrant, s play.Setting, f figure) float64 {
	least := math.Inf(1)
	for _, e := range entrants {
		if v := r.estimate(s, e, f).Mean; e.Policy != play.Oracle && v < least {
			least = v
		}
	}
	return least
}

func bold(text string, yes bool) string {
	if yes {
		return "**" + text + "**"
	}
	return text
}
