package report

import (
	"fmt"
	"io"

	"github.com/minifaas/minifaas/bench/cold"
	"github.com/minifaas/minifaas/bench/load"
)

// ColdRates writes how many cold starts a second a node sustains.
func ColdRates(w io.Writer, format Format, rates []*cold.Rate, notes []string) error {
	partial := false
	for _, r := range rates {
		partial = partial || r.Partial
	}
	if format == JSON {
		return writeJSON(w, struct {
			Rates   []coldRate `json:"rates"`
			Notes   []string   `json:"notes"`
			Partial bool       `json:"partial"`
		}{newColdRates(rates), append([]string{}, notes...), partial})
	}
	t := &table{groups: []group{{"", 1}, {"closed loop, starts/s", 3}, {"", 1}, {"at 70 %", 1}, {"at twice the knee", 2}, {fmt.Sprintf("%d at once", cold.BurstSize), 2}}}
	t.add("runtime", "ours", "runc", "ratio", "knee", "p99", "starts/s", "of the knee", "p50", "most")
	for _, r := range rates {
		knee, steady, overload, kept := "-", "-", "-", "-"
		if r.Knee != nil {
			knee = digits(r.Knee.Achieved)
		}
		if r.Steady != nil {
			steady = human(r.Steady.P99)
		}
		if r.Overload != nil {
			overload, kept = digits(r.Overload.Achieved), fmt.Sprintf("%.2f", r.Kept())
		}
		runc, ratio := "-", "-" // of the closed loop
		if r.Runc > 0 {
			runc, ratio = digits(r.Runc), fmt.Sprintf("%.2f", r.RuncRatio)
		}
		t.add(r.Name, digits(r.Closed), runc, ratio, knee, steady, overload, kept, human(r.Bursts.P50()), human(r.Bursts.Most()))
		for _, s := range append(steps(r.Steady, r.Overload), r.Steps...) {
			if s.Failure != "" {
				notes = append(notes, fmt.Sprintf("%s: the first failed start, at %s/s: %s", r.Name, digits(s.Offered), s.Failure))
				break
			}
		}
	}
	p := &page{w: w}
	p.table(t)
	p.printf("\n")
	p.notes(appendPartial(notes, partial))
	return p.done()
}

// steps are those that were made.
func steps(all ...*load.Step) (made []load.Step) {
	for _, s := range all {
		if s != nil {
			made = append(made, *s)
		}
	}
	return made
}

type coldRate struct {
	Runtime     string      `json:"runtime"`
	ClosedPerS  float64     `json:"closed_loop_per_s"`
	KneePerS    float64     `json:"knee_per_s"` // 0: none held
	KneeP99MS   float64     `json:"knee_p99_ms"`
	SteadyPerS  float64     `json:"steady_per_s"` // at 70 % of the knee
	SteadyP99MS float64     `json:"steady_p99_ms"`
	Overload    float64     `json:"overload_per_s"` // at twice the knee
	Kept        float64     `json:"overload_ratio"` // of that to the knee
	BurstMS     []float64   `json:"burst_ms"`       // until the last of 32 at once was answered
	RuncPerS    float64     `json:"runc_per_s"`     // 0: not measured
	RuncRatio   float64     `json:"runc_ratio"`     // of the closed loop to that
	Points      []coldPoint `json:"points"`         // the sweep, then 70 %, then twice the knee
	Partial     bool        `json:"partial"`
}

type coldPoint struct {
	OfferedPerS  float64 `json:"offered_per_s"`
	AchievedPerS float64 `json:"achieved_per_s"`
	P50MS        float64 `json:"p50_ms"`
	P99MS        float64 `json:"p99_ms"`
	Starts       int     `json:"starts"`
	Failures     int     `json:"failures"`
	Failure      string  `json:"failure,omitempty"` // the first one
	Overrun      bool    `json:"overrun"`
	Held         bool    `json:"held"`
}

func newColdRates(rates []*cold.Rate) []coldRate {
	all := []coldRate{}
	for _, r := range rates {
		c := coldRate{
			Runtime: r.Name, ClosedPerS: r.Closed, Kept: r.Kept(), RuncPerS: r.Runc, RuncRatio: r.RuncRatio,
			BurstMS: []float64{}, Points: []coldPoint{}, Partial: r.Partial,
		}
		if r.Knee != nil {
			c.KneePerS, c.KneeP99MS = r.Knee.Achieved, millis(r.Knee.P99)
		}
		if r.Steady != nil {
			c.SteadyPerS, c.SteadyP99MS = r.Steady.Achieved, millis(r.Steady.P99)
		}
		if r.Overload != nil {
			c.Overload = r.Overload.Achieved
		}
		for _, took := range r.Bursts {
			c.BurstMS = append(c.BurstMS, millis(took))
		}
		for _, s := range append(r.Steps[:len(r.Steps):len(r.Steps)], steps(r.Steady, r.Overload)...) {
			c.Points = append(c.Points, coldPoint{
				s.Offered, s.Achieved, millis(s.P50), millis(s.P99), s.Calls, s.Failed, s.Failure, s.Cut, s.Held,
			})
		}
		all = append(all, c)
	}
	return all
}
