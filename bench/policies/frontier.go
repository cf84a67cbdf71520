package policies

import (
	"math"

	"github.com/minifaas/minifaas/bench/policies/play"
)

// dominators are the rivals that have both the p99 slowdown and the normalised
// memory below adaptive's: while there is one, adaptive is behind the frontier.
func (r *Results) dominators(s play.Setting) []play.Entrant {
	slow, held := r.estimate(s, adaptive, p99Slow), r.estimate(s, adaptive, memory)
	var all []play.Entrant
	for _, e := range r.rivals(s) {
		if r.estimate(s, e, p99Slow).Mean < slow.Mean && r.estimate(s, e, memory).Mean < held.Mean {
			all = append(all, e)
		}
	}
	return all
}

// closed is the share of the way from the best rival's cost to the oracle's that
// adaptive has gone; NaN if the best rival is not above it.
func (r *Results) closed(s play.Setting) float64 {
	_, rival := r.best(s, cost)
	limit := r.estimate(s, play.Entrant{Policy: play.Oracle}, cost)
	if rival.Mean <= limit.Mean {
		return math.NaN()
	}
	return (rival.Mean - r.estimate(s, adaptive, cost).Mean) / (rival.Mean - limit.Mean)
}
