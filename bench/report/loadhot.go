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
	if sessions := sessionTable(r); len(sessions.rows) > 1 {
		p.printf("\n")
		p.table(sessions)
	}
	p.printf("\nmedians of %s; ratios are taken round by round\n", plural(r.Rounds, "round"))
	p.printf("GOGC: scheduler %s, echo %s\n", known(r.GC), known(r.EchoGC))
	if cold > 0 {
		p.printf("note: %s of the pairs waited for a container\n", count(cold))
	}
	if r.Partial {
		p.printf("note: partial: interrupted after %s\n", plural(r.Rounds, "round"))
	}
	return p.done()
}

// known writes a figure that is 0 where it is not known.
func known(v int) string {
	if v == 0 {
		return "not known"
	}
	return strconv.Itoa(v)
}

// sessionTable is empty but for its heading where the scheduler has no Session.
func sessionTable(r *load.Hotpath) *table {
	t := &table{groups: []group{{"", 1}, {"the same over one Session", 3}, {"ratio to two echoes", 2}}}
	t.add("callers", "pairs/s", "p50", "p99", "pairs/s", "p99")
	for _, p := range r.Points {
		if s := p.Session; s != nil {
			t.add(strconv.Itoa(p.Callers), count(int(s.PairsPerSecond)), human(s.P50), human(s.P99), digits(s.Ratio), digits(s.P99Ratio))
		}
	}
	return t
}

type hotpath struct {
	Points []hotpathPoint `json:"points"`
	Rounds int            `json:"rounds"`
	// GCPercent and EchoGCPercent are the GOGC of either server; 0: not known.
	GCPercent     int  `json:"gc_percent"`
	EchoGCPercent int  `json:"echo_gc_percent"`
	Partial       bool `json:"partial"`
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
	// Of a scheduler that has no Session these are left out.
	SessionPairsPerS float64 `json:"session_pairs_per_s,omitempty"`
	SessionRatio     float64 `json:"session_ratio,omitempty"`
	SessionP50US     float64 `json:"session_p50_us,omitempty"`
	SessionP99US     float64 `json:"session_p99_us,omitempty"`
	SessionP99Ratio  float64 `json:"session_p99_ratio,omitempty"`
}

func newHotpath(r *load.Hotpath) hotpath {
	h := hotpath{Points: []hotpathPoint{}, Rounds: r.Rounds, GCPercent: r.GC, EchoGCPercent: r.EchoGC, Partial: r.Partial}
	for _, p := range r.Points {
		point := hotpathPoint{
			Callers: p.Callers, PairsPerS: p.Scheduler.PairsPerSecond, EchoPairsPerS: p.Echo.PairsPerSecond, Ratio: p.Ratio,
			P50US: in(time.Microsecond, p.Scheduler.P50), EchoP50US: in(time.Microsecond, p.Echo.P50),
			P99US: in(time.Microsecond, p.Scheduler.P99), EchoP99US: in(time.Microsecond, p.Echo.P99),
			P99Ratio: p.P99Ratio, ColdStarts: p.Cold,
		}
		if s := p.Session; s != nil {
			point.SessionPairsPerS, point.SessionRatio, point.SessionP99Ratio = s.PairsPerSecond, s.Ratio, s.P99Ratio
			point.SessionP50US, point.SessionP99US = in(time.Microsecond, s.P50), in(time.Microsecond, s.P99)
		}
		h.Points = append(h.Points, point)
	}
	return h
}

// in is how many of the unit the duration is.
func in(unit, d time.Duration) float64 { return float64(d) / float64(unit) }
