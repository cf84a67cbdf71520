package report

import (
	"fmt"
	"io"

	"github.com/minifaas/minifaas/bench/cold"
)

// Cold writes cold starts next to bare ones, and what whole calls make of them;
// whole may be nil.
func Cold(w io.Writer, format Format, r *cold.Result, whole *cold.Whole, notes []string) error {
	partial := r.Partial || whole != nil && whole.Partial
	if format == JSON {
		return writeJSON(w, struct {
			Runtimes []coldRuntime `json:"runtimes"`
			Whole    *coldWhole    `json:"whole,omitempty"`
			Notes    []string      `json:"notes"`
			Partial  bool          `json:"partial"`
		}{newColdRuntimes(r), newColdWhole(whole), append([]string{}, notes...), partial})
	}
	t := &table{groups: []group{{"", 2}, {"cold start", 2}, {"bare start", 2}, {"", 2}}}
	t.add("runtime", "starts", "p50", "p99", "p50", "p99", "ratio", "the bare start is")
	parts := &table{}
	parts.add("median of each phase", "decide", "wait", "take", "mount", "limit", "import", "first call", "rest", "pooled")
	for _, m := range r.Subjects {
		t.add(m.Name, count(len(m.Cold)), human(m.Cold.P50()), human(m.Cold.P99()), human(m.Bare.P50()), human(m.Bare.P99()),
			fmt.Sprintf("%.2f", m.Ratio()), m.BareName)
		addPhases(parts, m.Name, m.Phases, share(m.Pooled, len(m.Cold)))
		notes = appendFailures(notes, m.Name, m.Failed, m.Failure)
	}
	p := &page{w: w}
	p.table(t)
	if whole != nil {
		addPhases(parts, "native, whole call", whole.Phases, "")
		notes = appendFailures(notes, "whole calls", whole.Failed, whole.Failure)
		p.printf("\nwhole call, native, cold: p50 %s, p99 %s: %.2f × (a container's cold start, %s + a warm call, %s), %s\n",
			human(whole.Cold.P50()), human(whole.Cold.P99()), whole.Ratio(), human(whole.Container.P50()), human(whole.Warm.P50()), plural(len(whole.Cold), "call"))
	}
	p.printf("\n")
	p.table(parts)
	p.printf("\n")
	p.notes(appendPartial(notes, partial))
	return p.done()
}

func addPhases(t *table, name string, f cold.Phases, pooled string) {
	t.add(name, human(f.Decide), human(f.Wait), human(f.Take), human(f.Mount), human(f.Limit), human(f.Import), human(f.FirstCall), human(f.Rest), pooled)
}

func share(part, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*part/all)
}

func appendFailures(notes []string, what string, n int, first string) []string {
	if n == 0 {
		return notes
	}
	return append(notes, fmt.Sprintf("%s: %s failed and are in no figure; the first: %s", what, count(n), first))
}

func appendPartial(notes []string, partial bool) []string {
	if partial {
		notes = append(notes, "partial: the measurement was interrupted")
	}
	return notes
}

type coldRuntime struct {
	Runtime  string     `json:"runtime"`
	N        int        `json:"n"`
	P50MS    float64    `json:"p50_ms"`
	P99MS    float64    `json:"p99_ms"`
	Bare     string     `json:"bare"` // what it is
	BareP50  float64    `json:"bare_p50_ms"`
	BareP99  float64    `json:"bare_p99_ms"`
	Ratio    float64    `json:"ratio"`  // of the medians
	Pooled   int        `json:"pooled"` // starts that took a sandbox from the reserve
	Failures int        `json:"failures"`
	Failure  string     `json:"failure,omitempty"`
	Phases   coldPhases `json:"phases_ms"` // medians
}

type coldPhases struct {
	Decide    float64 `json:"decide"`
	Wait      float64 `json:"wait"`
	Take      float64 `json:"take"`
	Mount     float64 `json:"mount"`
	Limit     float64 `json:"limit"`
	Import    float64 `json:"import"`
	FirstCall float64 `json:"first_call"`
	Rest      float64 `json:"rest"`
}

type coldWhole struct {
	N            int        `json:"n"`
	P50MS        float64    `json:"p50_ms"`
	P99MS        float64    `json:"p99_ms"`
	ContainerP50 float64    `json:"container_p50_ms"`
	WarmP50      float64    `json:"warm_p50_ms"`
	Ratio        float64    `json:"ratio"` // of the cold call to the two together
	Failures     int        `json:"failures"`
	Failure      string     `json:"failure,omitempty"`
	Phases       coldPhases `json:"phases_ms"`
}

func newColdRuntimes(r *cold.Result) []coldRuntime {
	runtimes := []coldRuntime{}
	for _, m := range r.Subjects {
		runtimes = append(runtimes, coldRuntime{
			Runtime: m.Name, N: len(m.Cold), P50MS: millis(m.Cold.P50()), P99MS: millis(m.Cold.P99()), Bare: m.BareName,
			BareP50: millis(m.Bare.P50()), BareP99: millis(m.Bare.P99()), Ratio: m.Ratio(), Pooled: m.Pooled,
			Failures: m.Failed, Failure: m.Failure, Phases: newColdPhases(m.Phases),
		})
	}
	return runtimes
}

func newColdWhole(w *cold.Whole) *coldWhole {
	if w == nil {
		return nil
	}
	return &coldWhole{
		N: len(w.Cold), P50MS: millis(w.Cold.P50()), P99MS: millis(w.Cold.P99()), ContainerP50: millis(w.Container.P50()), WarmP50: millis(w.Warm.P50()),
		Ratio: w.Ratio(), Failures: w.Failed, Failure: w.Failure, Phases: newColdPhases(w.Phases),
	}
}

func newColdPhases(f cold.Phases) coldPhases {
	return coldPhases{millis(f.Decide), millis(f.Wait), millis(f.Take), millis(f.Mount), millis(f.Limit), millis(f.Import), millis(f.FirstCall), millis(f.Rest)}
}
