package policies

import (
	"math"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/statistics"
)

// Results are what a plan has found.
type Results struct {
	plan    *Plan
	figures map[play.Cell]play.Figures
	cache   map[play.Cell]outcome
}

// NewResults takes what play.Run has returned for all cells of the plan.
func NewResults(plan *Plan, figures map[play.Cell]play.Figures) *Results {
	return &Results{plan: plan, figures: figures, cache: map[play.Cell]outcome{}}
}

// outcome is a cell's figures and what is made of them. A figure that there is
// none of is NaN.
type outcome struct {
	play.Figures
	// score and its parts are against the baseline of the same seed at normal
	// speed of creation, on the platform reference.
	score, even, response, nodes float64
	// cost is on the platform memory.
	cost float64
}

func (r *Results) outcome(c play.Cell) outcome {
	c = c.Canonical()
	if o, ok := r.cache[c]; ok {
		return o
	}
	f, ok := r.figures[c]
	if !ok {
		panic("policies: not in the plan: " + c.String())
	}
	nan := math.NaN()
	o := outcome{Figures: f, score: nan, even: nan, response: nan, nodes: nan, cost: nan}
	if c.Setting.Platform == play.Memory {
		o.cost = float64(score.Main.Response*f.MeanSlowdown) + float64(score.Main.Nodes*f.NormalizedMemory)
	} else {
		r.score(c, &o)
	}
	r.cache[c] = o
	return o
}

// score leaves NaN where the baseline served nothing to compare with.
func (r *Results) score(c play.Cell, o *outcome) {
	yardstick := c
	yardstick.Setting.CreateScale = 1
	yardstick.Entrant = play.Entrant{Policy: play.Baseline}
	base := r.figures[yardstick.Canonical()]
	compared, err := score.Compare(run(o.Figures), run(base))
	if err != nil {
		return
	}
	o.score, o.even = compared.Score(score.Main), compared.Score(score.Even)
	o.response, o.nodes = compared.Score(score.Weights{Response: 1}), compared.NodeRatio
}

func run(f play.Figures) score.Run { return score.Run{Functions: f.Counted, NodeTime: f.NodeTime} }

// series are the values of a figure, by seed.
func (r *Results) series(s play.Setting, e play.Entrant, f figure) []float64 {
	values := make([]float64, r.plan.seedsOf(s))
	for i := range values {
		values[i] = f.of(r.outcome(play.Cell{Setting: s, Entrant: e, Seed: uint64(i + 1)}))
	}
	return values
}

func (r *Results) estimate(s play.Setting, e play.Entrant, f figure) statistics.Estimate {
	return statistics.Of(r.series(s, e, f))
}

// difference is by how much the entrant's figure is above adaptive's.
func (r *Results) difference(s play.Setting, e play.Entrant, f figure) statistics.Estimate {
	return statistics.Paired(r.series(s, e, f), r.series(s, adaptive, f))
}

var adaptive = play.Entrant{Policy: play.Adaptive}

// rivals are the published policies of a setting: all but adaptive and the oracle.
func (r *Results) rivals(s play.Setting) []play.Entrant {
	var all []play.Entrant
	for _, e := range r.plan.entrants(s) {
		if e.Policy != play.Adaptive && e.Policy != play.Oracle {
			all = append(all, e)
		}
	}
	return all
}

// tolerated is the share of calls that may fail before the contest punishes it.
const tolerated = 0.001

// losesCalls: the rival fails more calls than is tolerated, and more than adaptive.
func (r *Results) losesCalls(s play.Setting, e play.Entrant) bool {
	calls := float64(r.outcome(play.Cell{Setting: s, Entrant: adaptive, Seed: 1}).Calls)
	return r.estimate(s, e, failures).Mean > max(tolerated*calls, r.estimate(s, adaptive, failures).Mean)
}

// best is the rival with the least mean of a figure, the first of equals, of
// those that lose no calls, if there is one; the mean is infinite if there is no
// such figure.
func (r *Results) best(s play.Setting, f figure) (play.Entrant, statistics.Estimate) {
	var best play.Entrant
	least, loses := statistics.Estimate{Mean: math.Inf(1), Half: math.NaN()}, true
	for _, e := range r.rivals(s) {
		v, losing := r.estimate(s, e, f), r.losesCalls(s, e)
		if better := v.Mean < least.Mean; loses && !losing && !math.IsNaN(v.Mean) || better && losing == loses {
			best, least, loses = e, v, losing
		}
	}
	return best, least
}
