package policies

import (
	"math"

	"github.com/minifaas/minifaas/bench/policies/play"
)

// point is an entrant by two figures, as means over seeds.
type point struct {
	name string
	x, y float64
}

// curve is adaptive's by exchange rate, in order of rates.
func (r *Results) curve(s play.Setting, x, y figure) []point {
	var all []point
	for _, rate := range rates() {
		e := at(rate)
		all = append(all, point{weights(rate), r.estimate(s, e, x).Mean, r.estimate(s, e, y).Mean})
	}
	return all
}

// reach is the least y of the curve, its points joined by straight lines, at no
// more than so much x; infinite where the curve does not come as low as that.
func reach(curve []point, x float64) float64 {
	least := math.Inf(1)
	for i, p := range curve {
		if p.x <= x {
			least = min(least, p.y)
		}
		if i == 0 {
			continue
		}
		if q := curve[i-1]; (q.x < x) != (p.x < x) && q.x != p.x {
			at := (x - q.x) / (p.x - q.x)
			least = min(least, q.y+float64(at*(p.y-q.y)))
		}
	}
	return least
}

// least is the rival with the least of a figure, and what adaptive has of it when it
// may use as much memory.
type least struct {
	rival         string
	value, memory float64
	// ours is adaptive's on its curve; infinite if it needs more memory.
	ours float64
}

// leastPublished leaves out rivals that lose calls: one that is refused starts nothing. Where
// all do, nobody is the rival, and all figures are infinite.
func (r *Results) leastPublished(s play.Setting, y figure) least {
	l := least{value: math.Inf(1), memory: math.Inf(1), ours: math.Inf(1)}
	for _, e := range r.rivals(s) {
		value := r.estimate(s, e, y).Mean
		if value < l.value && !r.losesCalls(s, e) {
			l.rival, l.value, l.memory = e.Policy, value, r.estimate(s, e, memory).Mean
		}
	}
	if l.rival != "" {
		l.ours = reach(r.curve(s, memory, y), l.memory)
	}
	return l
}
