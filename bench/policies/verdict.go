package policies

import (
	"fmt"
	"math"
	"strings"

	"github.com/minifaas/minifaas/bench/policies/play"
)

// headline is one line a setting: adaptive, the best of the others, and the
// limit. A setting in which the baseline served nothing has no figure.
func (r *Results) headline() string {
	t := &table{heading: []string{"setting", "figure", "adaptive", "best published", "", "difference", "oracle"}}
	for _, s := range r.plan.settings() {
		f := judged(s)[0]
		best, theirs := r.best(s, f)
		if math.IsInf(theirs.Mean, 0) {
			continue
		}
		limit := ""
		if s.Platform == play.Memory {
			limit = f.estimated(r.estimate(s, play.Entrant{Policy: play.Oracle}, f))
		}
		ours := r.estimate(s, adaptive, f)
		t.add(title(s), f.name, bold(f.estimated(ours), ours.Mean <= theirs.Mean), f.estimated(theirs), best.Policy, f.change(r.difference(s, best, f)), limit)
	}
	return t.String()
}

// lossTable lists the settings and figures in which adaptive is beaten; empty if there is none.
func (r *Results) lossTable() string {
	t := &table{heading: []string{"setting", "figure", "adaptive", "better", "", "by", "more than chance", "others better"}}
	for _, l := range r.losses() {
		by := "–"
		if rel := l.relative(); !math.IsInf(rel, 0) {
			by = fmt.Sprintf("%.1f %%", 100*rel)
		}
		certain := "no"
		if l.sure() {
			certain = "**yes**"
		}
		t.add(title(l.setting), l.figure.name, l.figure.estimated(l.ours), l.figure.estimated(l.theirs), l.to.Policy, by, certain, fmt.Sprint(l.others))
	}
	for _, s := range r.plan.settings() {
		for _, e := range r.beaten(s) {
			t.add(title(s), "p99 slowdown and memory", r.both(s, adaptive), r.both(s, e), e.Policy, "", "", "")
		}
	}
	if len(t.rows) == 0 {
		return ""
	}
	return t.String()
}

// beaten are the dominators where there is a frontier.
func (r *Results) beaten(s play.Setting) []play.Entrant {
	if s.Platform != play.Memory {
		return nil
	}
	return r.dominators(s)
}

func (r *Results) both(s play.Setting, e play.Entrant) string {
	return p99Slow.estimated(r.estimate(s, e, p99Slow)) + " and " + memory.estimated(r.estimate(s, e, memory))
}

// memorySection is a workload on the platform memory.
type memorySection struct {
	Title           string
	Plots           []string
	Costs, Frontier string
	Swept           bool
	Exchange        string
	Sizes           []section
}

func (r *Results) memorySections() []memorySection {
	var all []memorySection
	for _, g := range r.plan.memory {
		var sizes []string
		for _, s := range g.settings {
			sizes = append(sizes, size(s))
		}
		section := memorySection{
			Title: g.title(), Plots: []string{"policies/" + g.plot(p99Slow), "policies/" + g.plot(cold)}, Swept: g.swept,
			Costs: r.across(g.settings, sizes, cost), Frontier: r.frontierTable(g), Sizes: r.sections(g.settings, ofMemory),
		}
		if g.swept {
			section.Exchange = r.exchangeTable(g)
		}
		all = append(all, section)
	}
	return all
}

func (g memoryGroup) title() string {
	if g.shared {
		return g.Title + ", containers shared"
	}
	return g.Title + ", one call a container"
}

// plot is the name of the file that shows a figure by normalised memory.
func (g memoryGroup) plot(y figure) string {
	name := g.ID
	if g.shared {
		name += "-shared"
	}
	return name + "-" + strings.ReplaceAll(y.name, " ", "-") + ".svg"
}

// frontierTable says for each size whether a published policy beats adaptive in
// both figures, and how much of the way to the oracle's cost adaptive has gone.
func (r *Results) frontierTable(g memoryGroup) string {
	t := &table{heading: []string{"memory", "better in both p99 slowdown and memory", "best published cost", "", "adaptive's", "oracle's", "distance closed"}}
	for _, s := range g.settings {
		var names []string
		for _, e := range r.dominators(s) {
			names = append(names, fmt.Sprintf("**%s** (%s, %s)", e.Policy,
				p99Slow.change(r.difference(s, e, p99Slow)), memory.change(r.difference(s, e, memory))))
		}
		if names == nil {
			names = []string{"none"}
		}
		best, theirs := r.best(s, cost)
		share := "–"
		if v := r.closed(s); !math.IsNaN(v) {
			share = fmt.Sprintf("%.0f %%", 100*v)
		}
		t.add(size(s), strings.Join(names, ", "), cost.estimated(theirs), best.Policy,
			cost.estimated(r.estimate(s, adaptive, cost)), cost.estimated(r.estimate(s, play.Entrant{Policy: play.Oracle}, cost)), share)
	}
	return t.String()
}

// exchangeTable compares cold starts, and what calls feel of them, at the memory of
// the policy that has the least.
func (r *Results) exchangeTable(g memoryGroup) string {
	t := &table{heading: []string{"memory", "figure", "least published", "", "at norm. memory", "adaptive's there", "ratio"}}
	for _, s := range g.settings {
		for _, f := range []figure{cold, meanSlow} {
			l := r.leastPublished(s, f)
			t.add(size(s), f.name, finite(l.value, f.write), l.rival, finite(l.memory, digits), finite(l.ours, f.write), finite(l.ours/l.value, digits))
		}
	}
	return t.String()
}

func finite(v float64, write func(float64) string) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "–"
	}
	return write(v)
}

// ablationTable is by how much adaptive does worse without each of its parts.
func (r *Results) ablationTable() string {
	t := &table{heading: []string{"without"}}
	for _, s := range r.plan.ablated {
		t.heading = append(t.heading, title(s)+": "+judged(s)[0].name)
	}
	base := []string{"(nothing: all of adaptive)"}
	for _, s := range r.plan.ablated {
		f := judged(s)[0]
		base = append(base, f.estimated(r.estimate(s, adaptive, f)))
	}
	t.add(base...)
	for _, p := range parts {
		row := []string{p.name}
		for _, s := range r.plan.ablated {
			f := judged(s)[0]
			d := r.difference(s, p.without(), f)
			row = append(row, bold(f.change(d), d.Sure() && d.Mean > 0))
		}
		t.add(row...)
	}
	return t.String()
}

// constantTable is how many containers there are under a load that never changes.
func (r *Results) constantTable() string {
	t := &table{heading: []string{"policy", "least", "median", "most", "within ±1 of the median"}}
	for _, e := range r.plan.entrants(r.plan.constant) {
		c := r.outcome(play.Cell{Setting: r.plan.constant, Entrant: e, Seed: 1}).Containers
		t.add(e.Policy, fmt.Sprint(c.Min), fmt.Sprint(c.Median), fmt.Sprint(c.Max), map[bool]string{true: "yes", false: "no"}[c.Steady()])
	}
	return t.String()
}
