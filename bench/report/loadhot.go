package report

import (
	"io"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// Hotpath writes how warm pairs compare with pairs of echoes.
func Hotpath(w io.Writer, format Format, r *load.Hotpath) error {
	if format == JSON {
		return writeJSON(w, newHotpath(r))
	}
	t := &table{groups: []group{{"", 1}, {"Acquire+Return", 3}, {"two echoes", 3}, {"ratio", 2}}}
	t.add("callers", "pairs/s", "p50", "p99", "pairs/s", "p50", "p99", "pairs/s", "p99")
	cold := 0
	for _, p := range r.Points {
		t.add(strconv.Itoa(p.Callers),
			count(int(p.Scheduler.PairsPerSecond)), human(p.Scheduler.P50), human(p.Scheduler.P99),
			count(int(p.Echo.PairsPerSecond)), human(p.Echo.P50), human(p.Echo.P99),
			digits(p.Ratio), digits(p.P99Ratio))
		cold += p.Cold
	}
	p := &page{w: w}
	p.table(t)
	p.printf("\nmedians of %d rounds; ratios are taken round by round\n", r.Rounds)
	if cold > 0 {
		p.printf("note: %s of the pairs waited for a container\n", count(cold))
	}
	if r.Partial {
		p.printf("note: partial: interrupted after %d rounds\n", r.Rounds)
	}
	return p.done()
}

type hotpath struct {
	Points  []hotpathPoint `json:"points"`
	Rounds  int            `json:"rounds"`
	Partial bool           `json:"partial"`
}

type hotpathPoint struct {
	Callers       int     `json:"callers"`
	PairsPerS     float64 `json:"pairs_per_s"`
	EchoPairsPerS float64 `json:"echo_pairs_per_s"`
	Ratio         float64 `json:"ratio"`
	P50US         float64 `json:"p50_us"`
	EchoP50US     float64 `json:"echo_p50_us"`
	P99US         float64 `json:"p99_us"`
	EchoP99US     float64 `json:"echo_p99_us"`
	P99Ratio      float64 `json:"p99_ratio"`
	ColdStarts    int     `json:"cold_starts"`
}

func newHotpath(r *load.Hotpath) hotpath {
	h := hotpath{Points: []hotpathPoint{}, Rounds: r.Rounds, Partial: r.Partial}
	for _, p := range r.Points {
		h.Points = append(h.Points, hotpathPoint{
			Callers: p.Callers, PairsPerS: p.Scheduler.PairsPerSecond, EchoPairsPerS: p.Echo.PairsPerSecond, Ratio: p.Ratio,
			P50US: in(time.Microsecond, p.Scheduler.P50), EchoP50US: in(time.Microsecond, p.Echo.P50),
			P99US: in(time.Microsecond, p.Scheduler.P99), EchoP99US: in(time.Microsecond, p.Echo.P99),
			P99Ratio: p.P99Ratio, ColdStarts: p.Cold,
		})
	}
	return h
}

// in is how many of the unit the duration is.
func in(unit, d time.Duration) float64 { return float64(d) / float64(unit) }
