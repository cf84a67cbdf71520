package policies

import (
	"cmp"
	"math"
	"slices"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/statistics"
)

// loss is a setting in which a published policy does better than adaptive.
type loss struct {
	setting play.Setting
	figure  figure
	// to is the best policy; others is how many more do better, too.
	to           play.Entrant
	others       int
	ours, theirs statistics.Estimate
	difference   statistics.Estimate // theirs - ours, paired
}

// sure tells whether it is more than chance.
func (l loss) sure() bool { return l.difference.Sure() }

// relative is by how much more adaptive has than the best.
func (l loss) relative() float64 { return (l.ours.Mean - l.theirs.Mean) / l.theirs.Mean }

// judged are the figures that adaptive may lose by: what a platform's users pay for.
func judged(s play.Setting) []figure {
	if s.Platform == play.Memory {
		return []figure{cost, failures}
	}
	return []figure{scored, even, failures}
}

// losses are all of them: those that are more than chance first, then by size.
func (r *Results) losses() []loss {
	var all []loss
	for _, s := range r.plan.settings() {
		for _, f := range judged(s) {
			if l, lost := r.loss(s, f); lost {
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b loss) int {
		if a.sure() != b.sure() {
			if a.sure() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.relative(), a.relative())
	})
	return all
}

func (r *Results) loss(s play.Setting, f figure) (loss, bool) {
	to, theirs := r.best(s, f)
	ours := r.estimate(s, adaptive, f)
	if math.IsNaN(ours.Mean) || theirs.Mean >= ours.Mean {
		return loss{}, false
	}
	l := loss{setting: s, figure: f, to: to, ours: ours, theirs: theirs, difference: r.difference(s, to, f)}
	for _, e := range r.rivals(s) {
		if e != to && r.losesCalls(s, e) == r.losesCalls(s, to) && r.estimate(s, e, f).Mean < ours.Mean {
			l.others++
		}
	}
	return l, true
}
