package policies

import (
	"fmt"
	"math"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// defaultRate is adaptive's exchange rate: 0.75 for latency by 0.25 for resources.
const defaultRate = 3

// rates are the exchange rates of the sweep in order, ten times from one to the
// next: from latency at 3 % of the weight to 99.997 %.
func rates() []float64 {
	var all []float64
	for exponent := -2; exponent <= 4; exponent++ {
		all = append(all, defaultRate*math.Pow10(exponent))
	}
	return all
}

// at is adaptive with an exchange rate; the default one leaves its configuration empty.
func at(rate float64) play.Entrant {
	e := play.Entrant{Policy: play.Adaptive}
	if rate != defaultRate {
		e.Config = policy.AdaptiveConfig{LatencyWeight: rate / (1 + rate), ResourceWeight: 1 / (1 + rate)}
	}
	return e
}

// sweep is adaptive with all exchange rates.
func sweep() []play.Entrant {
	var all []play.Entrant
	for _, rate := range rates() {
		all = append(all, at(rate))
	}
	return all
}

// part is one of adaptive's parts.
type part struct {
	name, does string
	bit        policy.Part
}

var parts = []part{
	{"waiting", "for a busy container where that costs less than making one", policy.Waiting},
	{"sharing", "of containers by calls, where the function declares nothing", policy.Sharing},
	{"right-sizing", "of a container's memory to what its function needs", policy.RightSizing},
	{"prewarming", "ahead of periodic calls", policy.Prewarming},
	{"pricing", "of keep-alives; without it they last 600 s", policy.Pricing},
	{"ranking", "of what to evict; without it the longest idle goes", policy.Ranking},
	{"displacing", "others' containers is a cost of making one", policy.Displacing},
}

func (p part) without() play.Entrant {
	return play.Entrant{Policy: play.Adaptive, Config: policy.AdaptiveConfig{Without: p.bit}}
}

// ablations are adaptive without each of its parts.
func ablations() []play.Entrant {
	var all []play.Entrant
	for _, p := range parts {
		all = append(all, p.without())
	}
	return all
}

// weights writes an exchange rate as latency : resources.
func weights(rate float64) string {
	if rate >= 1 {
		return fmt.Sprintf("%.0f : 1", rate)
	}
	return fmt.Sprintf("1 : %.0f", 1/rate)
}
