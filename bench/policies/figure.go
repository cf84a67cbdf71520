package policies

import (
	"math"
	"strconv"
	"strings"

	"github.com/minifaas/minifaas/bench/statistics"
)

// figure is one that policies are compared by. Less is better, always.
type figure struct {
	name string
	of   func(outcome) float64
	// write writes a value.
	write func(float64) string
}

var (
	scored    = figure{"score 75/25", func(o outcome) float64 { return o.score }, thousandths}
	even      = figure{"50/50", func(o outcome) float64 { return o.even }, thousandths}
	response  = figure{"RT part", func(o outcome) float64 { return o.response }, thousandths}
	nodes     = figure{"ND part", func(o outcome) float64 { return o.nodes }, thousandths}
	failures  = figure{"failed", func(o outcome) float64 { return float64(o.Failures) }, digits}
	cold      = figure{"cold starts", func(o outcome) float64 { return float64(o.ColdStarts) }, digits}
	cost      = figure{"cost", func(o outcome) float64 { return o.cost }, digits}
	meanSlow  = figure{"mean slowdown", func(o outcome) float64 { return o.MeanSlowdown }, digits}
	p99Slow   = figure{"p99 slowdown", func(o outcome) float64 { return o.P99Slowdown }, digits}
	memory    = figure{"norm. memory", func(o outcome) float64 { return o.NormalizedMemory }, digits}
	ofContest = []figure{scored, response, nodes, even, failures, cold}
	ofMemory  = []figure{cost, p99Slow, memory, cold, meanSlow, failures}
)

func thousandths(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// digits writes three digits, or as many as there are before the point, in
// groups of three; a whole number below ten without a point.
func digits(v float64) string {
	decimals := 0
	switch a := math.Abs(v); {
	case a == math.Trunc(a) && a < 10:
	case a < 9.995:
		decimals = 2
	case a < 99.95:
		decimals = 1
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, rest, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals > 0 {
		whole += "." + rest
	}
	return sign + whole
}

// estimated writes a mean with its interval; a dash for none, and none for a
// single seed or where all seeds agree.
func (f figure) estimated(e statistics.Estimate) string {
	if math.IsNaN(e.Mean) || math.IsInf(e.Mean, 0) {
		return "–"
	}
	text := f.write(e.Mean)
	if e.Half > 0 {
		text += " ±" + f.write(e.Half)
	}
	return text
}

// change writes a difference with its sign.
func (f figure) change(e statistics.Estimate) string {
	text := f.estimated(e)
	if e.Mean > 0 {
		text = "+" + text
	}
	return text
}
